//! A screen: what one page says of itself, and how it becomes a document. Rendering is pure and synchronous:
//! everything a page shows was asked for before, so the status code is known and nothing streams.

use crate::components::shell;
use crate::components::tone::Tone;
use holdfast_api::break_glass::BreakGlassView;
use holdfast_api::safeguards::AutomationView;
use holdfast_api::system::ClockView;
use hydration_context::SsrSharedContext;
use jiff::Timestamp;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where the files that pages load are served. `url` knows a file of `frontend/assets` by its name.
#[derive(Debug, Clone, Copy)]
pub struct Assets {
    pub url: fn(&str) -> Option<&'static str>,
    /// The browser's module without its extension; none when it was not built: then pages have no scripts.
    pub module: Option<&'static str>,
}

impl Assets {
    /// A missing file is a page without it, never an error.
    #[must_use]
    pub fn get(&self, name: &str) -> &'static str {
        (self.url)(name).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Theme {
    Light,
    Dark,
    #[default]
    System,
}

impl Theme {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::System => "system",
        }
    }

    /// What is not a theme is the system's.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// What came of the last form, shown once at the top of the page that it came from.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Flash {
    /// Whether it was done.
    pub done: bool,
    pub title: String,
    pub detail: String,
    pub way_out: String,
    /// The run that stands in the way, when one does.
    pub run: Option<String>,
    /// A proof of who one is stands between the form and its being done.
    pub prove_first: bool,
    /// The one page that it is for; empty: whichever comes next.
    #[serde(default)]
    pub page: String,
    /// Which form it was, and what had been typed into it.
    pub form: String,
    pub typed: BTreeMap<String, String>,
}

/// Who is signed in, as far as pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    pub email: String,
    pub roles: Vec<String>,
    pub identity_proved_at: Option<Timestamp>,
}

impl Signed {
    /// Reviews want an identity proved in the last five minutes.
    #[must_use]
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        self.identity_proved_at.is_some_and(|at| now.duration_since(at).as_secs() < 300)
    }

    /// Whether they hold one of these roles, over everything or over some applications only.
    #[must_use]
    pub fn holds(&self, roles: &[&str]) -> bool {
        self.roles.iter().any(|held| roles.contains(&held.split(':').next().unwrap_or_default()))
    }
}

/// Whether anything may start by itself.
#[derive(Debug, Clone, Default)]
pub enum Automation {
    #[default]
    On,
    /// Said on every page.
    Off(AutomationView),
    /// It could not be read: said on every page too.
    NotKnown,
}

/// Whether anything may start without approvals.
#[derive(Debug, Clone)]
pub enum Glass {
    /// Those that are open, said on every page; none: the glass is whole.
    Open(Vec<BreakGlassView>),
    /// It could not be read: said on every page too.
    NotKnown,
}

impl Default for Glass {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

/// Whether the times that pages show, and judge by, are right.
#[derive(Debug, Clone)]
pub enum Clocks {
    /// As the workers found them; those that are apart are said on every page.
    Compared(Vec<ClockView>),
    /// It could not be read: said on every page too.
    NotKnown,
}

impl Default for Clocks {
    fn default() -> Self {
        Self::Compared(Vec::new())
    }
}

/// Everything around a page's own content.
#[derive(Debug, Clone)]
pub struct Chrome {
    pub assets: Assets,
    pub nonce: String,
    /// With its query, as the browser asked for it.
    pub path: String,
    pub now: Timestamp,
    pub theme: Theme,
    pub signed: Option<Signed>,
    pub automation: Automation,
    pub glass: Glass,
    pub clocks: Clocks,
    /// `None`: could not be counted.
    pub active_runs: Option<usize>,
    pub approvals: Option<usize>,
    /// Only in the demonstration.
    pub simulator_url: Option<String>,
    pub flash: Option<Flash>,
}

impl Chrome {
    #[must_use]
    pub fn new(assets: Assets, path: &str, now: Timestamp) -> Self {
        Self {
            assets,
            nonce: String::new(),
            path: path.to_owned(),
            now,
            theme: Theme::System,
            signed: None,
            automation: Automation::default(),
            glass: Glass::default(),
            clocks: Clocks::default(),
            active_runs: None,
            approvals: None,
            simulator_url: None,
            flash: None,
        }
    }
}

/// One page, not yet rendered.
pub struct Screen {
    pub title: String,
    /// The colour and shape of the tab's icon.
    pub mark: Tone,
    /// The menu's entry it belongs to, by path.
    pub section: &'static str,
    pub crumbs: Vec<(String, String)>,
    /// The event stream that says when to look again; `None`: the page never changes by itself.
    pub live: Option<String>,
    /// Changes when the page's parts are no longer the same ones; the browser then takes the whole of it anew.
    pub shape: String,
    /// Without scripts, how often the page asks for itself again.
    pub refresh_seconds: Option<u16>,
    pub body: Box<dyn FnOnce() -> AnyView + Send>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("title", &self.title)
            .field("shape", &self.shape)
            .finish_non_exhaustive()
    }
}

impl Screen {
    pub fn new(
        title: impl Into<String>,
        section: &'static str,
        body: impl FnOnce() -> AnyView + Send + 'static,
    ) -> Self {
        Self {
            title: title.into(),
            mark: Tone::Quiet,
            section,
            crumbs: Vec::new(),
            live: None,
            shape: section.to_owned(),
            refresh_seconds: None,
            body: Box::new(body),
        }
    }

    #[must_use]
    pub fn mark(mut self, mark: Tone) -> Self {
        self.mark = mark;
        self
    }

    #[must_use]
    pub fn crumb(mut self, words: impl Into<String>, href: impl Into<String>) -> Self {
        self.crumbs.push((words.into(), href.into()));
        self
    }

    #[must_use]
    pub fn live(mut self, stream: impl Into<String>) -> Self {
        self.live = Some(stream.into());
        self
    }

    #[must_use]
    pub fn shape(mut self, shape: impl Into<String>) -> Self {
        self.shape = shape.into();
        self
    }

    /// Only pages of something that moves: a reload loses what is being typed.
    #[must_use]
    pub fn refresh(mut self, seconds: u16) -> Self {
        self.refresh_seconds = Some(seconds);
        self
    }

    /// The whole document.
    #[must_use]
    pub fn render(self, chrome: Chrome) -> String {
        let owner = Owner::new_root(Some(Arc::new(SsrSharedContext::new_islands())));
        let html = owner.with(|| {
            provide_context(chrome.assets);
            provide_context(Clock(chrome.now));
            provide_context(Typed(chrome.flash.clone().unwrap_or_default()));
            shell::document(self, chrome).to_html()
        });
        owner.unset_with_forced_cleanup();
        html
    }
}

/// The moment at which the page is rendered, for relative times.
#[derive(Debug, Clone, Copy)]
pub struct Clock(pub Timestamp);

#[derive(Debug, Clone)]
pub struct Typed(pub Flash);

/// What had been typed into that field of that form when it was refused.
#[must_use]
pub fn typed(form: &str, field: &str) -> Option<String> {
    let Typed(flash) = use_context::<Typed>()?;
    if flash.form == form { flash.typed.get(field).cloned() } else { None }
}

/// The moment of rendering; outside of a page, the beginning of time.
#[must_use]
pub fn now() -> Timestamp {
    use_context::<Clock>().map_or(Timestamp::UNIX_EPOCH, |clock| clock.0)
}
