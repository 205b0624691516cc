//! Whose question is about which application. Whoever may do everything everywhere is asked of the whole, without a query; of
//! whoever's roles end somewhere, the application's tier, owner and environment are read first: once for a request, however
//! many applications it is about. What they may not see answers as what is not there.

use super::{Action, fresh, may};
use crate::App;
use crate::problems::of_store;
use holdfast_api::{Answer, Problem};
use holdfast_domain::{Actor, Labels, Name, RunId};
use std::collections::BTreeMap;

/// The actor as asked about this application; `None`: they may not know of it.
pub(crate) fn over_labels(actor: &Actor, labels: Labels) -> Option<Actor> {
    let asked = Actor { over: Some(labels), ..actor.clone() };
    may(&asked, Action::See).is_ok().then_some(asked)
}

/// Whether they may do it to any application there is, whatever else they hold that ends somewhere.
pub(crate) fn everywhere(actor: &Actor, action: Action) -> bool {
    let without_limits = Actor { scoped_roles: Vec::new(), over: None, ..actor.clone() };
    actor.token_within.is_everything() && may(&without_limits, action).is_ok()
}

/// The applications that an actor may see.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    /// All that there are, with the actor as they are.
    All(Box<Actor>),
    /// These, with the actor as asked about each.
    These(BTreeMap<Name, Actor>),
}

impl Seen {
    /// Of these applications.
    pub fn of(actor: &Actor, labels: impl IntoIterator<Item = Labels>) -> Self {
        if !actor.is_limited() {
            return Self::All(Box::new(actor.clone()));
        }
        let these = labels.into_iter().filter_map(|labels| {
            let name = labels.application.clone();
            Some((name, over_labels(actor, labels)?))
        });
        Self::These(these.collect())
    }

    /// The actor as asked about this application; `None`: it is hidden from them.
    pub fn over(&self, name: &Name) -> Option<&Actor> {
        match self {
            Self::All(actor) => Some(actor),
            Self::These(these) => these.get(name),
        }
    }

    pub fn sees(&self, name: &Name) -> bool {
        self.over(name).is_some()
    }

    /// By a name as it stands in a view.
    pub fn sees_text(&self, name: &str) -> bool {
        match self {
            Self::All(_) => true,
            Self::These(these) => Name::parse(name).is_ok_and(|name| these.contains_key(&name)),
        }
    }

    /// For a query; `None`: no need to say which.
    pub fn names(&self) -> Option<Vec<Name>> {
        match self {
            Self::All(_) => None,
            Self::These(these) => Some(these.keys().cloned().collect()),
        }
    }
}

impl App {
    pub(crate) async fn seen(&self, actor: &Actor) -> Answer<Seen> {
        if !actor.is_limited() {
            return Ok(Seen::All(Box::new(actor.clone())));
        }
        Ok(Seen::of(actor, self.store.labels(None).await.map_err(of_store)?))
    }

    /// The actor as asked about this application.
    ///
    /// # Errors
    /// 404, the same whether it is not there or they may not know of it.
    pub(crate) async fn over(&self, actor: &Actor, name: &Name) -> Answer<Actor> {
        let hidden = || Problem::not_found("application", name.as_str());
        self.over_or(actor, name, hidden).await
    }

    /// May they do this to this application? Answers with the actor as asked about it.
    ///
    /// # Errors
    /// 404 as [`App::over`], 403 with what would be needed.
    pub(crate) async fn may_over(&self, actor: &Actor, action: Action, name: &Name) -> Answer<Actor> {
        let asked = self.over(actor, name).await?;
        may(&asked, action)?;
        Ok(asked)
    }

    /// As [`App::may_over`], and not on an old sign-in.
    pub(crate) async fn may_freshly_over(&self, actor: &Actor, action: Action, name: &Name) -> Answer<Actor> {
        let asked = self.may_over(actor, action, name).await?;
        fresh(&asked, self.store.now().await.map_err(of_store)?)?;
        Ok(asked)
    }

    /// The actor as asked about this run's application.
    ///
    /// # Errors
    /// 404, the same whether the run is not there or they may not know of it.
    pub(crate) async fn over_run(&self, actor: &Actor, id: RunId) -> Answer<Actor> {
        if !actor.is_limited() {
            return Ok(actor.clone());
        }
        let hidden = || Problem::not_found("run", &id.to_string());
        match self.store.run_head(id).await {
            Err(holdfast_store::Error::NotFound(_)) => Err(hidden()),
            found => self.over_or(actor, &found.map_err(of_store)?.application, hidden).await,
        }
    }

    /// May they do this to this run? Answers with the actor as asked about its application.
    ///
    /// # Errors
    /// 404 as [`App::over_run`], 403 with what would be needed.
    pub(crate) async fn may_over_run(&self, actor: &Actor, action: Action, id: RunId) -> Answer<Actor> {
        let asked = self.over_run(actor, id).await?;
        may(&asked, action)?;
        Ok(asked)
    }

    async fn over_or(&self, actor: &Actor, name: &Name, hidden: impl Fn() -> Problem) -> Answer<Actor> {
        if !actor.is_limited() {
            return Ok(actor.clone());
        }
        let labels = self.store.labels(Some(name)).await.map_err(of_store)?.pop();
        labels.and_then(|labels| over_labels(actor, labels)).ok_or_else(hidden)
    }
}
