// Whole numbers out of payloads. The host has checked that a payload is JSON and fits the type's schema, so this reads no more
// than it must; what it does not understand, it says it has not found.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The whole number that a member of the outermost object has, in all its digits. False: there is no such member, or it is
// not a whole number of 64 bits. The name is ASCII.
bool json_integer(const uint8_t *text, size_t length, const char *name, int64_t *value);
