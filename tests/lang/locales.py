"""_locale and syslog in the C locale, which every system has."""
import _locale, syslog, locale, inspect

def show(f, *args):
    try:
        print(f(*args))
    except Exception as e:
        print(type(e).__name__, e)

for args in (6, "C"), (6,), (99,), (6, "nowhere"), (0, None), ("x",), (), (6, "C\0"), (6, "C.utf8"):
    show(_locale.setlocale, *args)
show(_locale.localeconv)
for key in _locale.CODESET, _locale.DAY_1, _locale.D_T_FMT, _locale.RADIXCHAR, _locale.ALT_DIGITS, _locale.ERA, 5, "x", 1 << 40:
    show(_locale.nl_langinfo, key)
for args in ("a", "b"), ("b", "a"), ("a", "a"), ("a",), ("a", 1), ("a\0b", "a\0c"):
    show(_locale.strcoll, *args)
for arg in "abc", "", "a\0b", 5, "ä€":
    show(_locale.strxfrm, arg)
show(_locale.gettext, "hello")
show(_locale.gettext, "\ud800")
show(_locale.dgettext, None, "hello")
show(_locale.dcgettext, "d", "hello", 5)
show(_locale.textdomain, None)
show(_locale.textdomain, "here")
show(_locale.bindtextdomain, "", "x")
show(_locale.bindtextdomain, "here", None)
show(_locale.bindtextdomain, "here", b"/tmp")
show(_locale.bindtextdomain, "here", 5)
show(_locale.bind_textdomain_codeset, "here", None)
show(_locale.bind_textdomain_codeset, "here", "utf-8")
show(_locale.getencoding)
print(_locale.Error, locale.Error is _locale.Error, [n for n in dir(_locale) if not n.startswith("__")])
print({n: getattr(syslog, n) for n in dir(syslog) if n.startswith("LOG_") and n.isupper() and n not in ("LOG_MASK", "LOG_UPTO")})
for f in syslog.LOG_MASK, syslog.LOG_UPTO:
    for n in 0, 7, "x":
        show(f, n)
show(syslog.openlog, 5)
show(syslog.openlog, "a\ud800")
show(syslog.syslog, 5)
show(syslog.syslog, "a", "b")
show(syslog.syslog, "a\ud800")
show(syslog.syslog)
show(syslog.syslog, 1, "x", 3)
show(syslog.setlogmask, "x")
