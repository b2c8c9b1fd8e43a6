//! What a tool is: a type for its arguments, one for its result, and what it does.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use utoipa::PartialSchema;

use super::super::{App, Caller, Lasting, Refusal, bad_request};
use super::version::Era;
use super::waiting::News;
use crate::accounts::Actor;
use crate::budgets::Spender;

/// One call of a tool.
pub struct Call {
    pub app: Arc<App>,
    pub caller: Caller,
    pub era: Era,
    /// Where to tell how it goes on, if the client wants to know.
    pub news: Option<News>,
    /// The connection lasts as long as it takes.
    _lasting: Option<Lasting>,
}

impl Call {
    pub fn new(app: &Arc<App>, caller: Caller, era: Era, tool: &Tool) -> Self {
        let lasting = tool.lasts.then(|| caller.peer.last());
        Self { app: app.clone(), caller, era, news: None, _lasting: lasting }
    }

    pub fn actor(&self) -> Actor {
        self.caller.actor(None)
    }

    /// Reads something whose cost depends on what is asked for, in the caller's turn.
    pub async fn read<T>(&self, read: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
        let payer = self.caller.payer();
        let spender = Spender { role: self.caller.role, payer: &payer, room: None };
        self.app.reads.read(&self.app.budgets, spender, read).await
    }
}

/// What a tool does to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// It adds something, which others may see; nothing is changed or removed.
    Adds,
    /// Whatever the command does that it starts.
    Anything,
}

/// The arguments of a tool. Their schema is that of the type, which must not take unknown fields.
pub trait Arguments: DeserializeOwned + PartialSchema + Send + 'static {
    const NAME: &'static str;
    /// For people.
    const TITLE: &'static str;
    /// For the model that decides to call it.
    const DESCRIPTION: &'static str;
    const EFFECT: Effect = Effect::Reads;
    /// Whether a call may take long, so that progress is told.
    const LASTS: bool = false;
    type Result: Outcome;

    /// Does what the tool is for.
    ///
    /// # Errors
    /// In the caller's language; the model reads them.
    fn call(self, call: Call) -> impl Future<Output = Result<Self::Result, Refusal>> + Send;
}

/// What a tool found or did.
pub trait Outcome: Serialize + PartialSchema {
    /// What a model reads, where that is not all that there is as JSON.
    fn in_words(&self) -> Option<String> {
        None
    }

    /// Whether what was asked for went wrong.
    fn is_failure(&self) -> bool {
        false
    }
}

/// A tool, whatever its arguments.
pub struct Tool {
    pub name: &'static str,
    title: &'static str,
    description: &'static str,
    effect: Effect,
    pub lasts: bool,
    schemas: fn() -> (Value, Value),
    run: fn(Value, Call) -> BoxFuture<'static, Result<Value, Refusal>>,
}

impl Tool {
    pub const fn of<T: Arguments>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            description: T::DESCRIPTION,
            effect: T::EFFECT,
            lasts: T::LASTS,
            schemas: || (schema_of::<T>(), schema_of::<T::Result>()),
            run: |arguments, call| Box::pin(run::<T>(arguments, call)),
        }
    }

    /// As `tools/list` has it.
    pub fn describe(&self) -> Value {
        let (input, output) = (self.schemas)();
        json!({
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": input,
            "outputSchema": output,
            "annotations": {
                "title": self.title,
                "readOnlyHint": self.effect == Effect::Reads,
                "destructiveHint": self.effect == Effect::Anything,
                "idempotentHint": self.effect == Effect::Reads,
                "openWorldHint": self.effect == Effect::Anything,
            },
        })
    }

    /// Calls the tool. What goes wrong is a result, too: the model can do something about it.
    pub async fn call(&self, arguments: Value, call: Call) -> Value {
        let locale = call.caller.locale;
        (self.run)(arguments, call).await.unwrap_or_else(|refusal| {
            let text = refusal.text();
            let content = json!([{"type": "text", "text": text.in_locale(locale)}]);
            json!({"content": content, "isError": true, "_meta": {"code": text.code()}})
        })
    }
}

fn schema_of<T: PartialSchema>() -> Value {
    let mut schema = json!(T::schema());
    without_null(&mut schema);
    schema
}

/// Says of what may be left out no more than that: results leave it out, and some clients take no type that may be null.
fn without_null(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        let is_null = |value: &Value| value == "null" || value["type"] == "null";
        for name in ["type", "oneOf"] {
            let Some(Value::Array(all)) = fields.get_mut(name) else { continue };
            all.retain(|one| !is_null(one));
            match (name, all.as_mut_slice()) {
                ("type", [one]) => {
                    let one = one.take();
                    fields.insert(name.to_owned(), one);
                }
                ("oneOf", [Value::Object(one)]) => {
                    let own = std::mem::take(one);
                    fields.remove(name);
                    // What is said of the field counts before what is said of its type.
                    for (key, value) in own {
                        fields.entry(key).or_insert(value);
                    }
                }
                _ => {}
            }
        }
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(without_null),
        Value::Array(all) => all.iter_mut().for_each(without_null),
        _ => {}
    }
}

async fn run<T: Arguments>(arguments: Value, call: Call) -> Result<Value, Refusal> {
    let arguments: T = serde_json::from_value(arguments).map_err(bad_request)?;
    let outcome = arguments.call(call).await?;
    // Plain data: it cannot fail.
    let structured = serde_json::to_value(&outcome).unwrap_or_default();
    let text = outcome.in_words().unwrap_or_else(|| structured.to_string());
    let content = json!([{"type": "text", "text": text}]);
    Ok(json!({"content": content, "structuredContent": structured, "isError": outcome.is_failure()}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_names_no_null() {
        let mut schema = json!({"properties": {
            "a": {"type": ["string", "null"], "description": "own"},
            "b": {"oneOf": [{"type": "null"}, {"type": "string", "enum": ["x"], "description": "of the type"}], "description": "own"},
            "c": {"type": "array", "items": {"type": ["integer", "null"]}},
            "d": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        }});
        without_null(&mut schema);
        let expected = json!({"properties": {
            "a": {"type": "string", "description": "own"},
            "b": {"type": "string", "enum": ["x"], "description": "own"},
            "c": {"type": "array", "items": {"type": "integer"}},
            "d": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        }});
        assert_eq!(schema, expected);
        let all = json!(super::super::tools::ALL.iter().map(Tool::describe).collect::<Vec<_>>()).to_string();
        assert!(!all.contains("null") && !all.contains("$ref"), "{all}");
    }
}
