"""Instance, class and static methods: what each is given."""


class Account:
    count = 0

    def __init__(self, owner):
        self.owner = owner
        type(self).count += 1

    def greet(self):
        return f"instance method of {self.owner}"

    @classmethod
    def opened(cls):
        return f"class method: {cls.__name__} has {cls.count}"

    @staticmethod
    def currency():
        return "static method: knows neither"


a = Account("Ann")
print(a.greet(), Account.opened(), Account.currency(), sep="\n")
print(Account.greet(a) == a.greet(), a.greet.__self__ is a, a.opened.__self__ is Account)
