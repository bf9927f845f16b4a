// Short texts, put together piece by piece.
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct {
  size_t length;
  char bytes[256];
} text;

// Both stop the plugin where the text would become longer than it can be.
void text_add(text *it, const char *more);
void text_add_integer(text *it, int64_t number);
