"""webbrowser: what it offers, with a browser of our own registered so that nothing is opened."""
import webbrowser


class Recorder(webbrowser.BaseBrowser):
    """Writes down what it is asked to open."""

    def open(self, url, new=0, autoraise=True):
        print(f"  {self.name}: {url} in", ("the same window", "a new window", "a new tab")[new])
        return True


webbrowser.register("recorder", Recorder, Recorder("recorder"), preferred=True)
browser = webbrowser.get("recorder")
print("chosen by name:", type(browser).__name__)
browser.open("https://example.org/1")
print("the preferred one is asked by the module's functions:")
print(" ", webbrowser.open("https://example.org/2"))
webbrowser.open_new("https://example.org/3")
webbrowser.open_new_tab("https://example.org/4")
try:
    webbrowser.get("no-such-browser")
except webbrowser.Error as e:
    print("unknown:", e)
