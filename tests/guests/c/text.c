#include "text.h"

#include <stdlib.h>

static void add_byte(text *it, char byte) {
  if (it->length == sizeof it->bytes) abort();
  it->bytes[it->length++] = byte;
}

void text_add(text *it, const char *more) {
  while (*more != '\0') add_byte(it, *more++);
}

void text_add_integer(text *it, int64_t number) {
  // The least number has no positive counterpart of 64 bits with a sign.
  uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
  char digits[20];
  size_t count = 0;
  do {
    digits[count++] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest > 0);
  if (number < 0) add_byte(it, '-');
  while (count > 0) add_byte(it, digits[--count]);
}
