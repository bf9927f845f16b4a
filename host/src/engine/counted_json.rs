//! JSON as a validator looks at it, with each look counted: a schema is a program, and this is what ends it. A recursive
//! choice over a deep payload would otherwise take as long as its author likes.

use std::borrow::Cow;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, Node, NodeIdentity, Object, unique};
use serde_json::{Map, Number, Value, map};

/// Bytes of a text for which a step is taken off when it is read: it may be compared, measured or searched.
const BYTES_PER_STEP: usize = 8;

thread_local! {
    static LEFT: Cell<u64> = const { Cell::new(u64::MAX) };
}

/// What goes up the stack when the steps are used up.
struct Spent;

fn take(steps: usize) {
    match LEFT.get().checked_sub(steps as u64) {
        Some(left) => LEFT.set(left),
        None => resume_unwind(Box::new(Spent)),
    }
}

/// Does `work`, which looks at counted JSON, within so many steps. None: they were not enough.
pub fn within<T>(steps: u64, work: impl FnOnce() -> T) -> Option<T> {
    let outer = LEFT.replace(steps);
    let result = catch_unwind(AssertUnwindSafe(work));
    LEFT.set(outer);
    match result {
        Ok(value) => Some(value),
        Err(panic) if panic.is::<Spent>() => None,
        Err(panic) => resume_unwind(panic),
    }
}

/// The representation: `serde_json`'s.
pub struct Counted;

/// One value.
#[derive(Clone)]
pub struct CountedNode<'a>(&'a Value);

impl<'a> From<&'a Value> for CountedNode<'a> {
    fn from(value: &'a Value) -> Self {
        CountedNode(value)
    }
}

impl<'a> CountedNode<'a> {
    /// The value, for who looks at it whole: its kind, and all of a text.
    pub fn look(&self) -> &'a Value {
        let text = self.0.as_str();
        take(1 + text.map_or(0, str::len) / BYTES_PER_STEP);
        self.0
    }
}

/// The members of an object.
pub struct Members<'a>(&'a Map<String, Value>);

/// The items of an array.
pub struct Items<'a>(&'a [Value]);

/// Goes through members or items.
pub struct Each<I>(I);

impl Json for Counted {
    type Node<'a> = CountedNode<'a>;
    type PreparedKey = String;
    type StringBuffer = Value;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    fn with_string_node<T>(
        buffer: &mut Value,
        string: &str,
        work: impl FnOnce(CountedNode<'_>) -> T,
    ) -> T {
        *buffer = Value::String(string.to_owned());
        work(CountedNode(buffer))
    }
}

impl<'a> Node<'a, Counted> for CountedNode<'a> {
    type Object = Members<'a>;
    type Array = Items<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Members<'a>> {
        take(1);
        self.0.as_object().map(Members)
    }

    fn as_array(&self) -> Option<Items<'a>> {
        take(1);
        self.0.as_array().map(|items| Items(items))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.look().as_str().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        take(1);
        match self.0 {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        take(1);
        self.0.as_bool()
    }

    fn is_null(&self) -> bool {
        take(1);
        self.0.is_null()
    }

    fn json_type(&self) -> JsonType {
        take(1);
        match self.0 {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        take(1);
        jsonschema::json::cmp::equal(self.0, expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        take(1);
        Cow::Borrowed(self.0)
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref(self.0) as usize))
    }
}

impl<'a> Object<'a, Counted> for Members<'a> {
    type Node = CountedNode<'a>;
    type MemberName = &'a str;
    type MembersIter = Each<map::Iter<'a>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &String) -> Option<CountedNode<'a>> {
        take(1);
        self.0.get(key).map(CountedNode)
    }

    fn members(&self) -> Each<map::Iter<'a>> {
        Each(self.0.iter())
    }
}

impl<'a> Array<'a, Counted> for Items<'a> {
    type Node = CountedNode<'a>;
    type ElementsIter = Each<std::slice::Iter<'a, Value>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> Each<std::slice::Iter<'a, Value>> {
        Each(self.0.iter())
    }

    fn is_unique(&self) -> bool {
        // Items are hashed, and compared where their hashes meet.
        take(8 * self.0.len());
        unique::is_unique(self.0)
    }
}

impl<'a> Iterator for Each<map::Iter<'a>> {
    type Item = (&'a str, CountedNode<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.next()?;
        take(1 + name.len() / BYTES_PER_STEP);
        Some((name, CountedNode(value)))
    }
}

impl<'a> Iterator for Each<std::slice::Iter<'a, Value>> {
    type Item = CountedNode<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        take(1);
        self.0.next().map(CountedNode)
    }
}
