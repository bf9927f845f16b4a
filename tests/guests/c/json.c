#include "json.h"

// What is left of the text.
typedef struct {
  const uint8_t *at;
  const uint8_t *end;
} reader;

// The next byte; 0, which JSON never has, at the end.
static uint8_t peek(const reader *it) { return it->at < it->end ? *it->at : 0; }

static uint8_t take(reader *it) { return it->at < it->end ? *it->at++ : 0; }

static void skip_space(reader *it) {
  while (peek(it) == ' ' || peek(it) == '\t' || peek(it) == '\n' || peek(it) == '\r') it->at++;
}

// The character that `\uXXXX` stands for, after the `u`.
static uint32_t take_hex(reader *it) {
  uint32_t value = 0;
  for (int digit = 0; digit < 4; digit++) {
    uint8_t byte = take(it);
    value = value * 16 + (byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10);
  }
  return value;
}

// The next character of a string: a byte of UTF-8, or what an escape stands for.
static uint32_t take_character(reader *it) {
  uint8_t byte = take(it);
  if (byte != '\\') return byte;
  byte = take(it);
  switch (byte) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'u': return take_hex(it);
    default: return byte;
  }
}

// Reads a string from its first quotation mark on. Whether it is this name; none: it is only read over.
static bool take_string(reader *it, const char *name) {
  bool same = name != NULL;
  it->at++;
  while (it->at < it->end && peek(it) != '"') {
    uint32_t character = take_character(it);
    // An escape may write a letter of the name, so characters are compared, not bytes.
    if (same) same = *name != '\0' && character == (uint8_t)*name++;
  }
  take(it);
  return same && *name == '\0';
}

// Reads over a value, up to what follows it.
static void skip_value(reader *it) {
  size_t depth = 0;
  while (it->at < it->end) {
    uint8_t byte = peek(it);
    if (byte == '"') {
      take_string(it, NULL);
      continue;
    }
    if (depth == 0 && (byte == ',' || byte == '}')) return;
    if (byte == '{' || byte == '[') depth++;
    if (byte == '}' || byte == ']') depth--;
    it->at++;
  }
}

static bool take_integer(reader *it, int64_t *value) {
  bool negative = peek(it) == '-';
  if (negative) it->at++;
  bool any = false;
  int64_t sum = 0;
  while (peek(it) >= '0' && peek(it) <= '9') {
    int digit = take(it) - '0';
    // Downwards for negative numbers: there is one more of them.
    if (sum > INT64_MAX / 10 || sum < INT64_MIN / 10) return false;
    if (__builtin_add_overflow(sum * 10, negative ? -digit : digit, &sum)) return false;
    any = true;
  }
  uint8_t next = peek(it);
  if (!any || next == '.' || next == 'e' || next == 'E') return false;
  *value = sum;
  return true;
}

bool json_integer(const uint8_t *text, size_t length, const char *name, int64_t *value) {
  reader it = {text, text + length};
  skip_space(&it);
  if (take(&it) != '{') return false;
  for (;;) {
    skip_space(&it);
    if (peek(&it) != '"') return false;
    bool found = take_string(&it, name);
    skip_space(&it);
    if (take(&it) != ':') return false;
    skip_space(&it);
    if (found) return take_integer(&it, value);
    skip_value(&it);
    if (take(&it) != ',') return false;
  }
}
