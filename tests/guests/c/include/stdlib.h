// What the bindings need of a C library; `runtime.c` has it.
#pragma once

#include <stddef.h>

void *malloc(size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
_Noreturn void abort(void);
