/* _statistics.c - the module _statistics: the inverse of the normal distribution's cumulative function.
 *
 * Algorithm AS 241 (PPND16) of M. J. Wichura, "The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988),
 * pages 477-484: three quotients of polynomials of degree 7, for the middle, the near and the far tails. Accurate to about 1e-16.
 */
#include "krait.h"
#include <math.h>

/* A quotient of two polynomials; coefficients from that of the highest power on. */
typedef struct { double above[8], below[8]; } Quotient;

static const Quotient middle = {
    {2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125, 1971.5909503065514427,
     133.14166789178437745, 3.3871328727963666080},
    {5226.4952788528545610, 28729.085735721942674, 39307.895800092710610, 21213.794301586595867, 5394.1960214247511077, 687.18700749205790830,
     42.313330701600911252, 1.0}};
static const Quotient near_tail = {
    {7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1, 1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
     4.63033784615654529590, 1.42343711074968357734},
    {1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2, 1.48103976427480074590e-1, 6.89767334985100004550e-1,
     1.67638483018380384940, 2.05319162663775882187, 1.0}};
static const Quotient far_tail = {
    {2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3, 2.65321895265761230930e-2, 2.96560571828504891230e-1,
     1.78482653991729133580, 5.46378491116411436990, 6.65790464350110377720},
    {2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5, 7.86869131145613259100e-4, 1.48753612908506148525e-2,
     1.36929880922735805310e-1, 5.99832206555887937690e-1, 1.0}};

static double polynomial(const double *c, double r) {
    double sum = c[0];
    for (int i = 1; i < 8; i++) sum = sum * r + c[i];
    return sum;
}
/* The x with a standard normal variable below it at probability p, 0 < p < 1. */
static double standard_quantile(double p) {
    double q = p - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return polynomial(middle.above, r) * q / polynomial(middle.below, r);
    }
    double r = sqrt(-log(q <= 0.0 ? p : 1.0 - p));
    const Quotient *f = r <= 5.0 ? &near_tail : &far_tail;
    r -= r <= 5.0 ? 1.6 : 5.0;
    double x = polynomial(f->above, r) / polynomial(f->below, r);
    return q < 0.0 ? -x : x;
}
static PyObject *normal_dist_inv_cdf(PyObject *module, PyObject *const *args, Py_ssize_t n) {
    double v[3];
    if (!_PyArg_CheckPositional("_normal_dist_inv_cdf", n, 3, 3)) return NULL;
    for (int i = 0; i < 3; i++)
        if ((v[i] = PyFloat_AsDouble(args[i])) == -1.0 && PyErr_Occurred()) return NULL;
    double p = v[0], mu = v[1], sigma = v[2];
    if (p <= 0.0 || p >= 1.0 || sigma <= 0.0) {
        PyErr_SetString(PyExc_ValueError, "inv_cdf undefined for these parameters");
        return NULL;
    }
    return PyFloat_FromDouble(mu + standard_quantile(p) * sigma);
}

static PyMethodDef statistics_functions[] = {
    {"_normal_dist_inv_cdf", KR_METH(normal_dist_inv_cdf), METH_FASTCALL,
     PyDoc_STR("_normal_dist_inv_cdf($module, p, mu, sigma, /)\n--\n\nThe value that a normal variable is below with probability p.")},
    {NULL}};
static PyModuleDef_Slot statistics_slots[] = {{0, NULL}};
static PyModuleDef statistics_module = {
    PyModuleDef_HEAD_INIT, .m_name = "_statistics", .m_doc = PyDoc_STR("The fast part of statistics."), .m_methods = statistics_functions, .m_slots = statistics_slots};

PyMODINIT_FUNC PyInit__statistics(void);
PyMODINIT_FUNC PyInit__statistics(void) { return PyModuleDef_Init(&statistics_module); }
