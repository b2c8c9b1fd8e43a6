//! What the job engine tells the conversation, as a seam: implemented above it.

use async_trait::async_trait;

use crate::model::{Answer, Job, Message, MessageText};
use crate::protocol::JobView;
use crate::store::{Counter, RoomNumber};
use crate::text::Text;

/// Shows a message under the number and version that it got. Called in the commit's callback.
pub type Publish = Box<dyn FnOnce(Counter, &Message) + Send>;

/// A message that is stored in the commit that ends a job.
pub struct Announcement {
    /// Where it is stored.
    pub room: RoomNumber,
    pub message: Message,
    pub publish: Publish,
}

/// Whoever tells people about jobs where they asked for them.
///
/// Never asked about quiet jobs. `changed` and `piece` are called in the order of what they tell, some of them in callbacks of
/// commits: they must be quick and must neither block nor read the store.
#[async_trait]
pub trait Announcer: Send + Sync + 'static {
    /// The message that answers a job.
    ///
    /// # Errors
    /// When there is no place for it; the job then ends without an answer.
    async fn answer(&self, ended: &Job, text: MessageText, answer: Answer) -> Result<Announcement, Text>;

    /// A job stands as `view` says.
    fn changed(&self, job: &Job, view: &JobView);

    /// The piece number `n`, from 1, of an answer that is still being written.
    fn piece(&self, job: &Job, text: &str, n: u64);
}
