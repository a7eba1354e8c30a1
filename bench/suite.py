"""Where the workloads come from: the package pyperformance, installed into a folder of the runner's own (build/bench), none of it in the tree."""
import os
import subprocess

PYPERFORMANCE = "pyperformance==1.14.0"

# folder of the benchmark -> (arguments, names of the workloads it reports)
SUITE = {
    "async_generators": ((), ("async_generators",)),
    "async_tree": (("none",), ("async_tree_none",)),
    "base64": ((), tuple(f"{kind}_{size}" for kind in ("ascii85", "base16", "base32", "base64", "base85") for size in ("small", "large"))),
    "bpe_tokeniser": ((), ("bpe_tokeniser",)),
    "chaos": ((), ("chaos",)),
    "comprehensions": ((), ("comprehensions",)),
    "coroutines": ((), ("coroutines",)),
    "decimal_factorial": ((), ("decimal_factorial",)),
    "decimal_pi": ((), ("decimal_pi",)),
    "deepcopy": ((), ("deepcopy", "deepcopy_memo", "deepcopy_reduce")),
    "deltablue": ((), ("deltablue",)),
    "fannkuch": ((), ("fannkuch",)),
    "float": ((), ("float",)),
    "gc_collect": ((), ("create_gc_cycles",)),
    "gc_traversal": ((), ("gc_traversal",)),
    "generators": ((), ("generators",)),
    "go": ((), ("go",)),
    "hexiom": ((), ("hexiom",)),
    "json_dumps": ((), ("json_dumps",)),
    "json_loads": ((), ("json_loads",)),
    "logging": ((), ("logging_format", "logging_silent", "logging_simple")),
    "mdp": ((), ("mdp",)),
    "meteor_contest": ((), ("meteor_contest",)),
    "nbody": ((), ("nbody",)),
    "nqueens": ((), ("nqueens",)),
    "pathlib": ((), ("pathlib",)),
    "pickle": (("pickle",), ("pickle",)),
    "pidigits": ((), ("pidigits",)),
    "pprint": ((), ("pprint_pformat", "pprint_safe_repr")),
    "pyflate": ((), ("pyflate",)),
    "barnes_hut": ((), ("quadtree_nbody",)),
    "raytrace": ((), ("raytrace",)),
    "regex_compile": ((), ("regex_compile",)),
    "regex_dna": ((), ("regex_dna",)),
    "regex_effbot": ((), ("regex_effbot",)),
    "regex_v8": ((), ("regex_v8",)),
    "richards": ((), ("richards",)),
    "richards_super": ((), ("richards_super",)),
    "scimark": ((), tuple("scimark_" + n for n in ("fft", "lu", "monte_carlo", "sor", "sparse_mat_mult"))),
    "spectral_norm": ((), ("spectral_norm",)),
    "sqlite_synth": ((), ("sqlite_synth",)),
    "telco": ((), ("telco",)),
    "typing_runtime_protocols": ((), ("typing_runtime_protocols",)),
    "unpack_sequence": ((), ("unpack_sequence",)),
    "xml_etree": ((), ("xml_etree_parse", "xml_etree_iterparse", "xml_etree_generate", "xml_etree_process")),
}


def benchmarks_folder(root):
    """The folder with pyperformance's workloads, downloaded when it is not there yet."""
    target = os.path.join(root, "build", "bench")
    folder = os.path.join(target, "pyperformance", "data-files", "benchmarks")
    if not os.path.isdir(folder):
        venv = os.path.join(root, "build", "bench-venv")
        subprocess.run(["/usr/bin/python3.11", "-m", "venv", venv], check=True)
        subprocess.run([os.path.join(venv, "bin", "pip"), "install", "-q", "--no-deps", "--target", target, PYPERFORMANCE], check=True)
    return folder
