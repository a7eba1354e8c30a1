# What csv.reader makes of escaped ends of lines.
import csv

for lines in (["^"], ["a^\n", "b"], ["a^\nb", "c"], ["a^\r\nb"], [",^\nx,y\n", "z"], ['"a^', 'b"'], ['"a"b"'], ['a"b', '""""']):
    for settings in ({}, {"strict": True}, {"quoting": csv.QUOTE_NONE}, {"doublequote": False}):
        try:
            print(lines, settings, list(csv.reader(lines, escapechar="^", **settings)))
        except csv.Error as e:
            print(lines, settings, e)
