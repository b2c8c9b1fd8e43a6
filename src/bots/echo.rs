//! `echo`: repeats the text.

use async_trait::async_trait;

use super::{Bot, Failure, Reply, Request};
use crate::jobs::Policy;
use crate::text::Text;

pub struct Echo;

#[async_trait]
impl Bot for Echo {
    fn name(&self) -> &str {
        "echo"
    }

    fn policy(&self) -> Policy {
        Policy::QUICK
    }

    async fn run(&self, request: Request<'_>) -> Result<Reply, Failure> {
        if request.job.arguments.is_empty() {
            return Err(Failure::bad_arguments(Text::new("echo-nothing")));
        }
        Ok(Reply::Plain(request.job.arguments.to_owned()))
    }
}
