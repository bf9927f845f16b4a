// What the bindings need of a C library; `runtime.c` has it.
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
size_t strlen(const char *text);
