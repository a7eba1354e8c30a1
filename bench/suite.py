"""Where the workloads come from: pyperformance and the packages that its workloads use, installed into a virtual environment of the runner's own
(build/bench-venv) when they are first asked for; none of their code is in the tree. And bench/micro.py, which is ours.

`jobs` yields what is to be run: one (script, arguments, workload) each, which runs in a process of its own.
"""
import importlib.util
import os
import subprocess
import sys

BENCH = os.path.dirname(os.path.abspath(__file__))

# What pyperformance's own requirements.txt files name, at the versions they name. markupsafe without its compiled half, so that every interpreter runs the same.
PACKAGES = ("pyperformance==1.14.0", "html5lib==1.1", "six==1.16.0", "webencodings==0.5.1", "mako==1.1.4", "markupsafe==2.0.1", "tomli==2.0.1",
            "django==3.2.4", "asgiref==3.3.4", "pytz==2021.1", "sqlparse==0.4.1", "sympy==1.8", "mpmath==1.2.1", "chameleon==4.6.0", "genshi==0.7.7",
            "docutils==0.18.1", "sqlglot==4.6.0", "pyaes==1.6.1")

# (folder of the benchmark, arguments, names of the workloads it reports)
SUITE = (
    ("2to3", (), ("2to3",)),
    ("argparse", ("many_optionals",), ("many_optionals",)),
    ("async_generators", (), ("async_generators",)),
    ("async_tree", ("none",), ("async_tree_none",)),
    ("async_tree", ("cpu_io_mixed",), ("async_tree_cpu_io_mixed",)),
    ("async_tree", ("memoization",), ("async_tree_memoization",)),
    ("asyncio_tcp", (), ("asyncio_tcp",)),
    ("barnes_hut", (), ("quadtree_nbody",)),
    ("base64", (), (*(f"{kind}_{size}" for kind in ("ascii85", "base16", "base32", "base64", "base85") for size in ("small", "large")), "urlsafe_base64_small")),
    ("bpe_tokeniser", (), ("bpe_tokeniser",)),
    ("chameleon", (), ("chameleon",)),
    ("chaos", (), ("chaos",)),
    ("comprehensions", (), ("comprehensions",)),
    ("coroutines", (), ("coroutines",)),
    ("crypto_pyaes", (), ("crypto_pyaes",)),
    ("decimal_factorial", (), ("decimal_factorial",)),
    ("decimal_pi", (), ("decimal_pi",)),
    ("deepcopy", (), ("deepcopy", "deepcopy_memo", "deepcopy_reduce")),
    ("deltablue", (), ("deltablue",)),
    ("django_template", (), ("django_template",)),
    ("docutils", (), ("docutils",)),
    ("fannkuch", (), ("fannkuch",)),
    ("float", (), ("float",)),
    ("gc_collect", (), ("create_gc_cycles",)),
    ("gc_traversal", (), ("gc_traversal",)),
    ("generators", (), ("generators",)),
    ("genshi", (), ("genshi_text", "genshi_xml")),
    ("go", (), ("go",)),
    ("hexiom", (), ("hexiom",)),
    ("html5lib", (), ("html5lib",)),
    ("json_dumps", (), ("json_dumps",)),
    ("json_loads", (), ("json_loads",)),
    ("logging", (), ("logging_format", "logging_silent", "logging_simple")),
    ("mako", (), ("mako",)),
    ("mdp", (), ("mdp",)),
    ("meteor_contest", (), ("meteor_contest",)),
    ("nbody", (), ("nbody",)),
    ("nqueens", (), ("nqueens",)),
    ("pathlib", (), ("pathlib",)),
    ("pickle", ("pickle",), ("pickle",)),
    ("pickle", ("pickle_dict",), ("pickle_dict",)),
    ("pickle", ("pickle_list",), ("pickle_list",)),
    ("pickle", ("unpickle",), ("unpickle",)),
    ("pickle", ("unpickle_list",), ("unpickle_list",)),
    ("pickle", ("--pure-python", "pickle"), ("pickle_pure_python",)),
    ("pickle", ("--pure-python", "unpickle"), ("unpickle_pure_python",)),
    ("pidigits", (), ("pidigits",)),
    ("pprint", (), ("pprint_pformat", "pprint_safe_repr")),
    ("pyflate", (), ("pyflate",)),
    ("raytrace", (), ("raytrace",)),
    ("regex_compile", (), ("regex_compile",)),
    ("regex_dna", (), ("regex_dna",)),
    ("regex_effbot", (), ("regex_effbot",)),
    ("regex_v8", (), ("regex_v8",)),
    ("richards", (), ("richards",)),
    ("richards_super", (), ("richards_super",)),
    ("scimark", (), ("scimark_fft", "scimark_lu", "scimark_monte_carlo", "scimark_sor", "scimark_sparse_mat_mult")),
    ("spectral_norm", (), ("spectral_norm",)),
    ("sqlglot_v2", ("optimize",), ("sqlglot_v2_optimize",)),
    ("sqlglot_v2", ("parse",), ("sqlglot_v2_parse",)),
    ("sqlglot_v2", ("transpile",), ("sqlglot_v2_transpile",)),
    ("sqlite_synth", (), ("sqlite_synth",)),
    ("sympy", (), ("sympy_expand", "sympy_integrate", "sympy_sum", "sympy_str")),
    ("telco", (), ("telco",)),
    ("tomli_loads", (), ("tomli_loads",)),
    ("typing_runtime_protocols", (), ("typing_runtime_protocols",)),
    ("unpack_sequence", (), ("unpack_sequence",)),
    ("xml_etree", (), ("xml_etree_parse", "xml_etree_iterparse", "xml_etree_generate", "xml_etree_process")),
)


def site_packages(root):
    """The folder that the packages are in; makes the environment when it is not there, or not with these packages."""
    venv = os.path.join(root, "build", "bench-venv")
    folder = os.path.join(venv, "lib", "python3.11", "site-packages")
    mark = os.path.join(venv, "installed")
    wanted = "\n".join(PACKAGES)
    if not os.path.exists(mark) or open(mark, encoding="utf-8").read() != wanted:
        print("installing pyperformance and what its workloads use into build/bench-venv", file=sys.stderr)
        try:
            subprocess.run(["/usr/bin/python3.11", "-m", "venv", "--clear", venv], check=True)
        except subprocess.CalledProcessError:
            raise SystemExit("no virtual environment could be made (Debian's package python3.11-venv is needed for pyperformance's workloads)") from None
        subprocess.run([os.path.join(venv, "bin", "pip"), "install", "-q", "--no-deps", "--disable-pip-version-check", *PACKAGES], check=True)
        for name in os.listdir(os.path.join(folder, "markupsafe")):
            if name.endswith(".so"):
                os.unlink(os.path.join(folder, "markupsafe", name))
        with open(mark, "w", encoding="utf-8") as out:
            out.write(wanted)
    return folder


def micro_names():
    """Names of the workloads of bench/micro.py, in its order."""
    sys.path.insert(0, os.path.join(BENCH, "harness"))
    spec = importlib.util.spec_from_file_location("micro", os.path.join(BENCH, "micro.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [work.__name__ for work in module.WORK]


def all_names():
    """{"pyperformance": names, "micro": names}."""
    return {"pyperformance": sorted(n for _, _, names in SUITE for n in names), "micro": micro_names()}


def jobs(root, groups, wanted):
    """(group, script, arguments, workload) of what is in `groups` and `wanted`; everything of the groups when nothing is wanted."""
    known = all_names()
    unknown = sorted(set(wanted) - set(known["pyperformance"]) - set(known["micro"]))
    if unknown:
        raise SystemExit(f"no such workload: {' '.join(unknown)} (--list shows them)")
    found = []
    if "pyperformance" in groups:
        entries = [(bench, arguments, name) for bench, arguments, names in SUITE for name in names if not wanted or name in wanted]
        if entries:
            folder = os.path.join(site_packages(root), "pyperformance", "data-files", "benchmarks")
            found += [("pyperformance", os.path.join(folder, "bm_" + bench, "run_benchmark.py"), arguments, name) for bench, arguments, name in entries]
    if "micro" in groups:
        found += [("micro", os.path.join(BENCH, "micro.py"), (), name) for name in known["micro"] if not wanted or name in wanted]
    return found
