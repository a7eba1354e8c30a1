/* token.h - the kinds of tokens: the numbers the token module publishes, then one for each keyword. */
#ifndef KRAIT_TOKEN_H
#define KRAIT_TOKEN_H

enum {
    TK_ENDMARKER, TK_NAME, TK_NUMBER, TK_STRING, TK_NEWLINE, TK_INDENT, TK_DEDENT,
    TK_LPAR, TK_RPAR, TK_LSQB, TK_RSQB, TK_COLON, TK_COMMA, TK_SEMI, TK_PLUS, TK_MINUS, TK_STAR, TK_SLASH, TK_VBAR, TK_AMPER,
    TK_LESS, TK_GREATER, TK_EQUAL, TK_DOT, TK_PERCENT, TK_LBRACE, TK_RBRACE, TK_EQEQUAL, TK_NOTEQUAL, TK_LESSEQUAL,
    TK_GREATEREQUAL, TK_TILDE, TK_CIRCUMFLEX, TK_LEFTSHIFT, TK_RIGHTSHIFT, TK_DOUBLESTAR, TK_PLUSEQUAL, TK_MINEQUAL,
    TK_STAREQUAL, TK_SLASHEQUAL, TK_PERCENTEQUAL, TK_AMPEREQUAL, TK_VBAREQUAL, TK_CIRCUMFLEXEQUAL, TK_LEFTSHIFTEQUAL,
    TK_RIGHTSHIFTEQUAL, TK_DOUBLESTAREQUAL, TK_DOUBLESLASH, TK_DOUBLESLASHEQUAL, TK_AT, TK_ATEQUAL, TK_RARROW, TK_ELLIPSIS,
    TK_COLONEQUAL, TK_OP, TK_AWAIT, TK_ASYNC, TK_TYPE_IGNORE, TK_TYPE_COMMENT, TK_SOFT_KEYWORD, TK_ERRORTOKEN,
    TK_N_TOKENS = 64,

    /* Keywords; the tokenizer gives TK_NAME, the parser looks them up. */
    K_FIRST = 100,
    K_False = K_FIRST, K_None, K_True, K_and, K_as, K_assert, K_break, K_class, K_continue, K_def, K_del, K_elif,
    K_else, K_except, K_finally, K_for, K_from, K_global, K_if, K_import, K_in, K_is, K_lambda, K_nonlocal, K_not,
    K_or, K_pass, K_raise, K_return, K_try, K_while, K_with, K_yield
};

#endif
