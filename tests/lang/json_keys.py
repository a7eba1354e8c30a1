# A hook that reads another document with the same decoder empties the decoder's table of keys.
import json

decoder = json.JSONDecoder(object_hook=lambda d: (decoder.raw_decode('{"k": 0}') if "x" in d else None, d)[1])
doc = '[' + ','.join('{"x%d": {"x": 1, "caf\\u00e9": 2}, "y": "\\ud83d\\ude00\\n"}' % (i % 9) for i in range(200)) + ']'
value = decoder.decode(doc)
print(value[17], len(value), json.loads(json.dumps(value)) == value)
