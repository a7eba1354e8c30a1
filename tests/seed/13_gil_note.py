https://zhuanlan.zhihu.com/p/20953544
GIL，即全局解释器锁（Global Interpreter Lock），是计算机程序设计语言解释器用于同步线程的工具，使得任何时刻仅有一个线程在执行。 常见例子有CPython（JPython不使用GIL）与Ruby MRI。
