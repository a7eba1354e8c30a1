/* code_names.c - tables about instructions, made from opcodes.def. */
#include "vm/code.h"

const char *const kr_op_names[] = {
#define KR_OP(name, a, b, c, flags) #name,
#define KR_SPECIAL(name, generic)
#include "compile/opcodes.def"
#define KR_OP(name, a, b, c, flags)
#define KR_SPECIAL(name, generic) #name,
#include "compile/opcodes.def"
};
const uint16_t kr_op_generic[] = {
#define KR_OP(name, a, b, c, flags) KR_OP_##name,
#define KR_SPECIAL(name, generic)
#include "compile/opcodes.def"
#define KR_OP(name, a, b, c, flags)
#define KR_SPECIAL(name, generic) KR_OP_##generic,
#include "compile/opcodes.def"
};
