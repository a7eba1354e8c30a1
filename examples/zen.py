"""import this: the Zen of Python, printed by importing it, and stored in cipher."""
import codecs
import this

print()
print("the module's text is in rot13:", this.s.splitlines()[0])
print("decoded by hand:", codecs.decode(this.s, "rot13").splitlines()[0])
import this as again        # a module runs once: nothing is printed now
print("lines:", len(again.s.splitlines()))
