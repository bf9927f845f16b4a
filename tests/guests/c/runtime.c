// The little of a C library that a plugin needs. There is no operating system below it, and no WASI: a plugin has the
// contract's imports alone.

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 8, PAGE_BYTES = 65536 };

// The linker gives it the address where the heap begins.
extern unsigned char __heap_base;

// Blocks are handed out in one direction. Once none is left, all memory is free again, so that a plugin which frees what it
// was given never grows, however many events one instance sees.
static uintptr_t top;
static size_t blocks;

// Stands before each block.
typedef struct {
  size_t size;
  size_t padding;
} block_header;
_Static_assert(sizeof(block_header) == ALIGNMENT, "blocks stay aligned");

void abort(void) { __builtin_trap(); }

void *malloc(size_t size) {
  if (blocks == 0) top = ((uintptr_t)&__heap_base + ALIGNMENT - 1) & -(uintptr_t)ALIGNMENT;
  // Nothing of 2 GiB is meant, and without it no sum below wraps around.
  if (size > INT32_MAX) return NULL;
  size_t taken = sizeof(block_header) + ((size + ALIGNMENT - 1) & -(size_t)ALIGNMENT);
  size_t have = __builtin_wasm_memory_size(0) * PAGE_BYTES;
  if (taken > have - top) {
    size_t pages = (taken - (have - top) + PAGE_BYTES - 1) / PAGE_BYTES;
    if (__builtin_wasm_memory_grow(0, pages) == SIZE_MAX) return NULL;
  }
  block_header *header = (block_header *)top;
  header->size = size;
  top += taken;
  blocks++;
  return header + 1;
}

void free(void *block) {
  if (block != NULL) blocks--;
}

void *realloc(void *block, size_t size) {
  void *larger = malloc(size);
  if (larger == NULL || block == NULL) return larger;
  size_t before = ((block_header *)block - 1)->size;
  memcpy(larger, block, before < size ? before : size);
  free(block);
  return larger;
}

// One instruction of WebAssembly, which `-mbulk-memory` allows.
void *memcpy(void *restrict to, const void *restrict from, size_t size) { return __builtin_memcpy(to, from, size); }

size_t strlen(const char *text) {
  const char *end = text;
  while (*end != '\0') end++;
  return (size_t)(end - text);
}
