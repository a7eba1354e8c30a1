"""Audit hooks and the open_code hook written in C: an extension module that adds them, compiled here."""
import importlib.util
import io
import os
import subprocess
import sys
import tempfile

SOURCE = r"""
#include <Python.h>
static int count, refuse;
static int hook(const char *event, PyObject *args, void *data) {
    if (strncmp(event, "test.", 5) && strcmp(event, "sys.addaudithook") && strcmp(event, "setopencodehook")) return 0;
    count++;
    printf("%s hears %s with %zd\n", (const char *)data, event, PyTuple_GET_SIZE(args));
    fflush(stdout);
    if (!refuse || strcmp(event, "sys.addaudithook")) return 0;
    PyErr_SetString(refuse == 1 ? PyExc_RuntimeError : PyExc_ValueError, "refused");
    return -1;
}
static int at_end(const char *event, PyObject *args, void *data) {
    if (!strcmp(event, "cpython._PySys_ClearAuditHooks")) puts("the hooks go");
    return 0;
}
static PyObject *opener(PyObject *path, void *data) {
    PyObject *io = PyImport_ImportModule("io");
    PyObject *r = io ? PyObject_CallMethod(io, "BytesIO", "y", (char *)data) : NULL;
    Py_XDECREF(io);
    return r;
}
static PyObject *add(PyObject *self, PyObject *arg) {
    static char names[4][20], (*next)[20] = names;      /* hooks are for ever */
    return PyLong_FromLong(PySys_AddAuditHook(hook, strcpy(*next++, PyUnicode_AsUTF8(arg))));
}
static PyObject *tell(PyObject *self, PyObject *arg) {
    int r = PySys_Audit("test.none", NULL);
    if (r == 0) r = PySys_Audit("test.tuple", "(ii)", 1, 2);
    if (r == 0) r = PySys_Audit("test.three", "isO", 1, "x", arg);
    return r < 0 ? NULL : PyLong_FromLong(count);
}
static PyObject *set_refuse(PyObject *self, PyObject *arg) {
    refuse = (int)PyLong_AsLong(arg);
    Py_RETURN_NONE;
}
static PyObject *add_fails(PyObject *self, PyObject *arg) {
    int r = PySys_AddAuditHook(hook, "nobody");
    return r < 0 && PyErr_Occurred() ? NULL : PyLong_FromLong(r);
}
static PyObject *set_opener(PyObject *self, PyObject *arg) {
    return PyFile_SetOpenCodeHook(opener, "x = 'from the hook'") < 0 ? NULL : Py_NewRef(Py_None);
}
static PyObject *open_code(PyObject *self, PyObject *arg) { return PyFile_OpenCodeObject(arg); }
static PyMethodDef methods[] = {{"add", add, METH_O}, {"tell", tell, METH_O}, {"set_refuse", set_refuse, METH_O}, {"add_fails", add_fails, METH_NOARGS},
                                {"set_opener", set_opener, METH_NOARGS}, {"open_code", open_code, METH_O}, {NULL}};
static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "hooked", NULL, -1, methods};
PyMODINIT_FUNC PyInit_hooked(void) {
    PySys_AddAuditHook(at_end, NULL);
    return PyModule_Create(&def);
}
"""

with tempfile.TemporaryDirectory() as folder:
    source, library = os.path.join(folder, "hooked.c"), os.path.join(folder, "hooked.so")
    with open(source, "w") as f:
        f.write(SOURCE)
    subprocess.run(["cc", "-shared", "-fPIC", "-I/usr/include/python3.11", source, "-o", library], check=True)
    subprocess.run([sys.executable, "-c", f"import sys; sys.path.insert(0, {folder!r}); import hooked; print('end', flush=True)"], check=True)
    spec = importlib.util.spec_from_file_location("hooked", library)
    hooked = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(hooked)

print(hooked.add("first"), hooked.tell(None))
print(hooked.add("second"), hooked.tell(None))
sys.addaudithook(lambda event, args: event.startswith("test.") and print("callable hears", event, args, flush=True))
print(hooked.tell("y"))
sys.audit("test.own", 1, 2)
for how in 1, 2:
    hooked.set_refuse(how)
    for f in (hooked.add_fails, lambda: sys.addaudithook(print)):
        try:
            print(f())
        except ValueError as e:
            print("ValueError", e)
hooked.set_refuse(0)
print(type(io.open_code(__file__)), type(hooked.open_code(__file__)))
try:
    hooked.open_code(b"x")
except TypeError as e:
    print(e)
hooked.set_opener()
print(io.open_code("anything").read(), hooked.open_code("anything").read())
try:
    hooked.set_opener()
except SystemError as e:
    print(e)
spec = importlib.util.spec_from_file_location("dreamt", __file__)
dreamt = importlib.util.module_from_spec(spec)
spec.loader.get_code = lambda name: compile(spec.loader.get_data(__file__), "dreamt", "exec")
spec.loader.exec_module(dreamt)
print(dreamt.x)
