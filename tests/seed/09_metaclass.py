# type(object_or_name, bases, dict)
class Author(type):
    def __new__(cls, name, bases, attrs):
        attrs['author'] = 'billvsme'
        return super(Author, cls).__new__(cls, name, bases, attrs)


class My(object):
    data = 1

    __metaclass__ = Author


a = My()
print(a.author)
