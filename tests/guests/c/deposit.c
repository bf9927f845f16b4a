// Deposits, and the balances they add up to: plugins/deposit/2020-01-01 in C.
//
// The names that are long are the bindings', which `wit-bindgen c` makes of `wit/v1`. What a call was given is the plugin's to
// free, and so is what the host answered.

#include "json.h"
#include "plugin.h"
#include "text.h"

#include <stdlib.h>

// `manifest.json` as a literal of C, which `build` makes.
static const char manifest[] =
#include "manifest.inc"
    ;

// Columns of the table `account`, in the manifest's order.
enum { ID, BALANCE, LAST_SEQ, COLUMNS };

// What both payloads have.
typedef struct {
  int64_t account;
  int64_t amount;
} deposit;

static bool read_deposit(const plugin_string_t *data, deposit *it) {
  return json_integer(data->ptr, data->len, "account", &it->account) &&
         json_integer(data->ptr, data->len, "amount", &it->amount);
}

static daybook_plugin_types_value_t integer(int64_t value) {
  return (daybook_plugin_types_value_t){.tag = DAYBOOK_PLUGIN_TYPES_VALUE_INTEGER, .val.integer = value};
}

static plugin_string_t copy(const text *it) {
  plugin_string_t copied;
  plugin_string_dup_n(&copied, it->bytes, it->length);
  return copied;
}

static bool fail(daybook_plugin_types_failure_t *failure, const char *code, const text *message) {
  *failure = (daybook_plugin_types_failure_t){.message = copy(message)};
  plugin_string_dup(&failure->code, code);
  return false;
}

// The schema asks for both numbers, so only a host that did not check a payload gets to see this.
static bool fail_payload(daybook_plugin_types_failure_t *failure, const char *type) {
  text message = {0};
  text_add(&message, type);
  text_add(&message, ": account and amount must be whole numbers of 64 bits");
  return fail(failure, "bad-payload", &message);
}

static int64_t balance_before(plugin_string_t *table, int64_t account) {
  daybook_plugin_types_value_t id = integer(account);
  daybook_plugin_types_key_t key = {&id, 1};
  daybook_plugin_types_row_t row;
  if (!daybook_plugin_state_get(table, &key, &row)) return 0;
  int64_t balance = row.ptr[BALANCE].val.integer;
  daybook_plugin_types_row_free(&row);
  return balance;
}

static bool materialize_deposited(const plugin_string_t *data, uint64_t seq, daybook_plugin_types_failure_t *failure) {
  deposit deposited;
  if (!read_deposit(data, &deposited)) return fail_payload(failure, "deposit.Deposited");
  plugin_string_t table;
  plugin_string_set(&table, "account");
  int64_t before = balance_before(&table, deposited.account);
  int64_t balance;
  if (__builtin_add_overflow(before, deposited.amount, &balance)) {
    text message = {0};
    text_add_integer(&message, before);
    text_add(&message, " cents and ");
    text_add_integer(&message, deposited.amount);
    text_add(&message, " exceed what can be counted");
    return fail(failure, "balance-too-large", &message);
  }
  daybook_plugin_types_value_t values[COLUMNS] = {
      [ID] = integer(deposited.account),
      [BALANCE] = integer(balance),
      [LAST_SEQ] = integer((int64_t)seq),
  };
  daybook_plugin_types_row_t row = {values, COLUMNS};
  daybook_plugin_types_write_error_t refused;
  if (!daybook_plugin_changes_upsert(&table, &row, &refused)) {
    // Only a unique index refuses this, and the table has none.
    daybook_plugin_types_write_error_free(&refused);
    text message = {0};
    text_add(&message, "the row of account ");
    text_add_integer(&message, deposited.account);
    text_add(&message, " was not written");
    return fail(failure, "write-refused", &message);
  }
  return true;
}

void exports_daybook_plugin_describer_describe(plugin_string_t *returned) { plugin_string_dup(returned, manifest); }

// Called with types of `materializes` alone, and that is one.
bool exports_daybook_plugin_materializer_materialize(exports_daybook_plugin_materializer_event_t *event,
                                                     exports_daybook_plugin_materializer_failure_t *failure) {
  bool done = materialize_deposited(&event->data, event->seq, failure);
  exports_daybook_plugin_materializer_event_free(event);
  return done;
}

static bool create_deposited(const plugin_string_t *data, exports_daybook_plugin_creator_list_new_event_t *events,
                             daybook_plugin_types_failure_t *failure) {
  deposit wanted;
  if (!read_deposit(data, &wanted)) return fail_payload(failure, "deposit.Deposit");
  text subject = {0};
  text_add(&subject, "account/");
  text_add_integer(&subject, wanted.account);
  text payload = {0};
  text_add(&payload, "{\"account\":");
  text_add_integer(&payload, wanted.account);
  text_add(&payload, ",\"amount\":");
  text_add_integer(&payload, wanted.amount);
  text_add(&payload, "}");
  daybook_plugin_types_new_event_t *event = malloc(sizeof *event);
  if (event == NULL) abort();
  *event = (daybook_plugin_types_new_event_t){
      .subject = {.is_some = true, .val = copy(&subject)},
      .data = copy(&payload),
  };
  plugin_string_dup(&event->event_type, "deposit.Deposited");
  *events = (exports_daybook_plugin_creator_list_new_event_t){event, 1};
  return true;
}

// Called with types of `commands` alone, and that is one.
bool exports_daybook_plugin_creator_create(exports_daybook_plugin_creator_command_t *command,
                                           exports_daybook_plugin_creator_list_new_event_t *events,
                                           exports_daybook_plugin_creator_create_error_t *error) {
  error->tag = DAYBOOK_PLUGIN_TYPES_CREATE_ERROR_FAILED;
  bool done = create_deposited(&command->data, events, &error->val.failed);
  exports_daybook_plugin_creator_command_free(command);
  return done;
}
