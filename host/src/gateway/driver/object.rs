//! Object storage: a directory, or a bucket of an S3-compatible server. Putting the same object again changes nothing, so a
//! repeated delivery leaves no trace.

use std::path::PathBuf;
use std::sync::Arc;

use object_store::aws::AmazonS3Builder;
use object_store::client::{ClientOptions, HttpClient, HttpConnector};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig};
use reqwest::{Client, Url};

use super::template::{fill, member};
use super::{Folders, Verdict};
use crate::gateway::config::ObjectConfig;
use crate::model::error::causes;
use crate::model::{DueTask, Error, Result};
use crate::outbound;

pub struct Objects {
    config: ObjectConfig,
    store: Arc<dyn ObjectStore>,
    /// Before the names of all objects.
    prefix: String,
    /// Where objects are files: their folder, and which folders they may be in.
    local: Option<(PathBuf, Folders)>,
}

/// The folder that objects are files of, where they are: one that tasks may be written into.
pub fn folder(config: &ObjectConfig, folders: &Folders) -> Result<Option<PathBuf>> {
    let url = config.url.parse::<Url>().ok();
    let Some(url) = url.filter(|url| url.scheme() == "file") else {
        return Ok(None);
    };
    let path = url
        .to_file_path()
        .map_err(|()| Error::usage("the address of a folder is file:///folder"))?;
    folders.to_write(&path).map(Some)
}

/// Gives the store the gateway's own client.
#[derive(Debug)]
struct Connector(Client);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.0.clone()))
    }
}

impl Objects {
    pub fn new(config: &ObjectConfig, folders: &Folders) -> Result<Objects> {
        let unusable = |error: &dyn std::fmt::Display| {
            Error::usage(format!(
                "'{}' is no place for objects: {error}",
                config.url.escape_debug()
            ))
            .hint("file:///var/out, or s3://bucket/prefix")
        };
        let url: Url = config.url.parse().map_err(|error| unusable(&error))?;
        let folder = folder(config, folders)?;
        let (store, prefix): (Arc<dyn ObjectStore>, _) = match &folder {
            Some(path) => {
                let store =
                    LocalFileSystem::new_with_prefix(path).map_err(|error| unusable(&error))?;
                (Arc::new(store.with_fsync(true)), String::new())
            }
            None => (
                Arc::new(bucket(config, &url, folders)?),
                url.path().trim_matches('/').to_owned(),
            ),
        };
        Ok(Objects {
            config: config.clone(),
            store,
            prefix,
            local: folder.map(|folder| (folder, folders.clone())),
        })
    }

    pub async fn deliver(&self, task: &DueTask) -> Verdict {
        let (name, content) = match self.object(task) {
            Ok(object) => object,
            // The same task makes the same object: nothing is gained by trying again.
            Err(said) => return Verdict::Dead(said),
        };
        if let Some((folder, folders)) = &self.local
            // A link in the folder may lead elsewhere.
            && let Err(error) = folders.to_write(&folder.join(name.as_ref()))
        {
            return Verdict::retry(error);
        }
        let put = self.store.put(&name, PutPayload::from(content)).await;
        match put {
            Ok(_) => Verdict::Done(Some(name.to_string())),
            Err(
                error @ (object_store::Error::InvalidPath { .. }
                | object_store::Error::NotSupported { .. }
                | object_store::Error::NotImplemented { .. }),
            ) => Verdict::Dead(causes(&error)),
            Err(error) => Verdict::retry(causes(&error)),
        }
    }

    /// Name and content.
    fn object(&self, task: &DueTask) -> Result<(Path, Vec<u8>), String> {
        let content = match &self.config.content {
            None => task.data.clone(),
            Some(path) => member(&task.data, path)?,
        };
        // In a name `{id}` is the task's, whatever the data says.
        let name = fill(&self.config.name, &task.data, Some(&task.id))?;
        let whole = match self.prefix.is_empty() {
            true => name,
            false => format!("{}/{name}", self.prefix),
        };
        let path = Path::parse(&whole).map_err(|error| format!("'{whole}': {error}"))?;
        match path.as_ref().is_empty() {
            true => Err("the object has no name".into()),
            false => Ok((path, content.into_bytes())),
        }
    }
}

fn bucket(
    config: &ObjectConfig,
    url: &Url,
    folders: &Folders,
) -> Result<object_store::aws::AmazonS3> {
    let name = url.host_str().unwrap_or_default();
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_region(config.region.as_deref().unwrap_or("us-east-1"))
        // The gateway tries again, by its own rules.
        .with_retry(RetryConfig {
            max_retries: 0,
            ..RetryConfig::default()
        });
    let mut asked = None;
    if let Some(endpoint) = &config.endpoint {
        asked = endpoint.parse::<Url>().ok();
        builder = builder
            .with_endpoint(endpoint)
            .with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(key) = &config.access_key {
        builder = builder.with_access_key_id(key);
    }
    if let Some(secret) = &config.secret {
        builder = builder.with_secret_access_key(secret.read(folders)?);
    }
    let settings = outbound::settings(asked.as_ref().unwrap_or(url), None)?;
    builder
        .with_http_connector(Connector(outbound::client(settings)?))
        .build()
        .map_err(|error| {
            Error::usage(format!(
                "'{}' is no place for objects: {}",
                config.url.escape_debug(),
                causes(&error)
            ))
        })
}
