//! API keys: the calls of the API key service. Each builder that has something to set is in a file of its own.

mod create;
mod list;
mod rotate;
mod secret;
mod transition;
mod update;

use registry_proto::v1 as pb;

pub use self::create::CreateApiKey;
pub use self::list::ListApiKeys;
pub use self::rotate::RotateApiKey;
pub use self::secret::{ApiKeySecret, NewSecret};
pub use self::transition::TransitionApiKey;
pub use self::update::UpdateApiKey;
use crate::call::sends;
use crate::{ApiKey, ApiKeyState, Call, Client};

impl Client {
    /// Creates an API key that may read, unless it is given another role. Its secret is in the answer and nowhere else, ever.
    ///
    /// ```no_run
    /// use registry_client::Role;
    ///
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let new = client.create_api_key("ci-release-bot").role(Role::Operator).model_name_prefixes(["team-a/"]).send().await?;
    /// std::fs::write("ci-release-bot.key", new.secret.reveal())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_api_key(&self, name: impl Into<String>) -> CreateApiKey {
        let api_key = Some(ApiKey { name: name.into(), ..Default::default() });
        CreateApiKey { call: self.call(pb::CreateApiKeyRequest { api_key }) }
    }

    /// Gets an API key by its id.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let me = client.get_caller_api_key().send().await?;
    /// let same = client.get_api_key(&*me.id).send().await?;
    /// # let _ = same;
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_api_key(&self, id: impl Into<String>) -> GetApiKey {
        GetApiKey { call: self.call(pb::GetApiKeyRequest { api_key_id: id.into() }) }
    }

    /// Gets the API key that this client uses.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let me = client.get_caller_api_key().send().await?;
    /// println!("{} may do what a {} may", me.name, me.role().as_str_name());
    /// # Ok(())
    /// # }
    /// ```
    pub fn get_caller_api_key(&self) -> GetCallerApiKey {
        GetCallerApiKey { call: self.call(pb::GetCallerApiKeyRequest {}) }
    }

    /// Lists API keys by name, without the revoked ones unless they are asked for: one page with `send`, or all with `pages` or `items`.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let page = client.list_api_keys().page_size(20).send().await?;
    /// for key in page.items {
    ///     println!("{} is {:?}", key.name, key.role());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_api_keys(&self) -> ListApiKeys {
        ListApiKeys { call: self.call(pb::ListApiKeysRequest::default()) }
    }

    /// Changes what an API key may do, or until when.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client, id: String) -> Result<(), registry_client::Error> {
    /// client.update_api_key(id).model_name_prefixes(["team-a/", "shared/"]).clear_expire_time().send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn update_api_key(&self, id: impl Into<String>) -> UpdateApiKey {
        let update_mask = Some(prost_types::FieldMask::default());
        UpdateApiKey { call: self.call(pb::UpdateApiKeyRequest { api_key_id: id.into(), update_mask, ..Default::default() }) }
    }

    /// Disables an API key, until it is [enabled](Self::enable_api_key) again.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let key = client.create_api_key("ci-release-bot").send().await?.key;
    /// client.disable_api_key(&*key.id).send().await?;
    /// client.enable_api_key(&*key.id).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn disable_api_key(&self, id: impl Into<String>) -> TransitionApiKey {
        self.transition_api_key(id, ApiKeyState::Disabled)
    }

    /// Enables an API key that was disabled.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), registry_client::Error> {
    /// let key = client.enable_api_key("0193f0c4-7b1e-7c3a-9d52-2f6a1c0b8e11").send().await?;
    /// println!("{} is {:?}", key.name, key.state());
    /// # Ok(())
    /// # }
    /// ```
    pub fn enable_api_key(&self, id: impl Into<String>) -> TransitionApiKey {
        self.transition_api_key(id, ApiKeyState::Active)
    }

    /// Revokes an API key for good.
    ///
    /// ```no_run
    /// # async fn run(client: registry_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let key = client.create_api_key("ci-release-bot").send().await?.key;
    /// client.revoke_api_key(&*key.id).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn revoke_api_key(&self, id: impl Into<String>) -> TransitionApiKey {
        self.transition_api_key(id, ApiKeyState::Revoked)
    }

    fn transition_api_key(&self, id: impl Into<String>, state: ApiKeyState) -> TransitionApiKey {
        let (api_key_id, target_state) = (id.into(), state.into());
        TransitionApiKey { call: self.call(pb::TransitionApiKeyRequest { api_key_id, target_state, ..Default::default() }) }
    }

    /// Gives an API key a new secret, which is in the answer and nowhere else, ever.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// # async fn run(client: registry_client::Client, id: String) -> Result<(), registry_client::Error> {
    /// let hour = Duration::from_secs(3600);
    /// let new = client.rotate_api_key(id).grace_period(hour).send().await?;
    /// println!("{} has a new secret, and the old one works for an hour", new.key.name);
    /// # Ok(())
    /// # }
    /// ```
    pub fn rotate_api_key(&self, id: impl Into<String>) -> RotateApiKey {
        RotateApiKey { call: self.call(pb::RotateApiKeyRequest { api_key_id: id.into(), grace_period: None }) }
    }
}

/// Gets an API key. Made by [`Client::get_api_key`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetApiKey {
    call: Call<pb::GetApiKeyRequest>,
}

sends!(read GetApiKey -> ApiKey, |response, _| response.api_key.ok_or("the answer holds no key"));

/// Gets the API key of the caller. Made by [`Client::get_caller_api_key`].
#[derive(Clone, Debug)]
#[must_use = "nothing happens until `send` is called"]
pub struct GetCallerApiKey {
    call: Call<pb::GetCallerApiKeyRequest>,
}

sends!(read GetCallerApiKey -> ApiKey, |response, _| response.api_key.ok_or("the answer holds no key"));
