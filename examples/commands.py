"""cmd: a command interpreter, fed from a list."""
import cmd
import io


class Calculator(cmd.Cmd):
    prompt = "> "
    use_rawinput = False

    def do_add(self, line):
        "add A B: the sum"
        self.stdout.write(f"{sum(map(int, line.split()))}\n")

    def do_quit(self, line):
        return True

    def default(self, line):
        self.stdout.write(f"unknown: {line}\n")


out = io.StringIO()
Calculator(stdin=io.StringIO("add 1 2 3\nfly\nhelp add\nquit\n"), stdout=out).cmdloop()
print(out.getvalue())
