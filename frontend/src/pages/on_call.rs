//! Who is on call: each team's now and next, where that comes from and how old it is, and the forms that change it.

use crate::components::tone::Tone;
use crate::components::{on_call, parts, time};
use crate::format;
use crate::pages::LOOK_AGAIN;
use crate::screen::{Screen, Signed};
use holdfast_api::on_call::{CalendarView, OnCallView, OverrideView, RotationView};
use leptos::prelude::*;

pub const PATH: &str = "/on-call";
/// The forms.
pub const ROTATE: &str = "on-call-rotation";
pub const FOLLOW: &str = "on-call-calendar";
pub const TAKE_OVER: &str = "on-call-override";

#[must_use]
pub fn page(teams: Vec<OnCallView>, signed: Signed) -> Screen {
    let unsure = teams.iter().any(|team| team.now.is_empty());
    let mark = if unsure { Tone::Watch } else { Tone::Quiet };
    Screen::new("On call", PATH, move || body(&teams, &signed)).mark(mark).live(LOOK_AGAIN)
}

fn body(teams: &[OnCallView], signed: &Signed) -> AnyView {
    let may = signed.roles.iter().any(|role| ["operator", "approver", "admin"].contains(&role.as_str()));
    let under = view! {
        "Whoever is on call hears first of what waits for their team, and everybody ten minutes later. Where nobody is known to be, a request for approval asks everybody at once, and what a planned run needs a person for is told first to whoever asked for it. Of an emergency everybody always hears at once."
    };
    let list = if teams.is_empty() {
        let next = view! { "Until a team has a schedule, all of it hears at once." };
        parts::empty("No team has a schedule", next.into_any())
    } else {
        teams.iter().map(|team| one(team, may)).collect_view().into_any()
    };
    let forms = if may {
        view! {
            <div class="grid halves">
                {parts::card(TAKE_OVER, "Take a duty over", parts::nothing(), take_over())}
                {parts::card(ROTATE, "People who take turns", parts::nothing(), rotate())}
                {parts::card(FOLLOW, "A calendar elsewhere", parts::nothing(), follow())}
            </div>
        }
        .into_any()
    } else {
        view! { <p class="hint">"Changing it needs an operator, an approver or an administrator."</p> }
            .into_any()
    };
    view! {
        {parts::head("On call", under.into_any(), parts::nothing())}
        {parts::card("on-call", format::count(teams.len(), "team", "teams"), parts::nothing(), list)}
        {forms}
    }
    .into_any()
}

fn one(team: &OnCallView, may: bool) -> AnyView {
    let reason = team.reason.clone().map(|why| view! { <div class="why">{format::sentence(&why)}</div> });
    let next = team.next.as_ref().map(|next| {
        let who = if next.people.is_empty() { "nobody".to_owned() } else { next.people.join(", ") };
        view! { <div class="muted">{format!("Next: {who}, from ")}{time::moment(next.at)}</div> }
    });
    let overrides = team.overrides.iter().map(|o| overridden(&team.team, o, may)).collect_view();
    let path = format!("{PATH}/{}/remove", format::encode(&team.team));
    let remove = may.then(|| {
        view! { <form method="post" action=path><button class="btn small danger" type="submit">"Remove the schedule"<span class="sr">{format!(" of {}", team.team)}</span></button></form> }
    });
    view! {
        <section class="stack freeze">
            <h3>{team.team.clone()}</h3>
            <div>{on_call::now(team)}</div>
            {reason}
            {next}
            {team.rotation.as_ref().map(rotation)}
            {team.calendar.as_ref().map(|of| calendar(of, team.reason.as_deref()))}
            {overrides}
            <div class="muted">{format!("Kept by {} ", team.kept_by)}{time::ago(team.kept_at)}</div>
            {remove}
        </section>
    }
    .into_any()
}

fn rotation(rotation: &RotationView) -> AnyView {
    let turn = match rotation.turn_days {
        1 => "each day".to_owned(),
        7 => "each week".to_owned(),
        days => format!("every {days} days"),
    };
    view! {
        <div>{format!("{} in turn, {turn} at {} in {}, since {}", rotation.people.join(", "), rotation.hand_over, rotation.time_zone, rotation.starts_on)}</div>
    }
    .into_any()
}

fn calendar(calendar: &CalendarView, told: Option<&str>) -> AnyView {
    // The reason above, why it is not known who it is, may have said it already; any other reason has not.
    let untold = |why: &String| told.is_none_or(|told| !told.contains(why.as_str()));
    let failure = calendar.failure.clone().filter(untold).map(|why| {
        view! { <div class="why">{format!("Not read since: {}", format::sentence(&why))}</div> }
    });
    let strangers = (!calendar.strangers.is_empty()).then(|| {
        view! { <div class="why">{format!("Nobody here has the address: {}", calendar.strangers.join(", "))}</div> }
    });
    view! {
        <div>{format!("By a calendar at {}, read ", calendar.leads_to)}{time::ago_or(calendar.read_at, "never")}</div>
        {failure}
        {strangers}
    }
    .into_any()
}

fn overridden(team: &str, of: &OverrideView, may: bool) -> AnyView {
    let path = format!("{PATH}/{}/overrides/{}/end", format::encode(team), of.id);
    let end = may.then(|| {
        view! { <form method="post" action=path><button class="btn small" type="submit">"End it"<span class="sr">{format!(" for {}", of.person)}</span></button></form> }
    });
    view! {
        <div class="verbs">
            <span>{format!("{} takes it over from {} until {}, said {}", of.person, format::moment(of.from), format::moment(of.until), of.made_by)}</span>
            {end}
        </div>
    }
    .into_any()
}

const TEAM: &str = "A group that approves, or the owner of applications.";

fn take_over() -> AnyView {
    view! {
        <form method="post" action=format!("{PATH}/override") class="stack">
            {parts::text_field(TAKE_OVER, "team", "Team", "One that has a schedule.", true)}
            {parts::text_field(TAKE_OVER, "person", "Who takes it over", "Their e-mail address.", true)}
            {parts::text_field(TAKE_OVER, "from", "From", "Such as 2026-12-20T09:00:00Z. Empty: from now on.", false)}
            {parts::text_field(TAKE_OVER, "until", "Until", "Such as 2026-12-21T09:00:00Z.", true)}
            <button class="btn primary" type="submit">"Take it over"</button>
        </form>
    }
    .into_any()
}

fn rotate() -> AnyView {
    view! {
        <form method="post" action=format!("{PATH}/rotation") class="stack">
            {parts::text_field(ROTATE, "team", "Team", TEAM, true)}
            {parts::text_field(ROTATE, "people", "People, in turn", "Their e-mail addresses, apart by commas.", true)}
            {parts::text_field(ROTATE, "turn_days", "Days of a turn", "7: weekly.", true)}
            {parts::text_field(ROTATE, "starts_on", "First hand-over", "A day, such as 2026-12-07.", true)}
            {parts::text_field(ROTATE, "hand_over", "Time of the hand-over", "By the clocks there, such as 09:00.", true)}
            {parts::text_field(ROTATE, "time_zone", "Time zone", "Such as Europe/Berlin or UTC.", true)}
            <button class="btn" type="submit">"Keep this rotation"</button>
        </form>
    }
    .into_any()
}

fn follow() -> AnyView {
    view! {
        <form method="post" action=format!("{PATH}/calendar") class="stack">
            {parts::text_field(FOLLOW, "team", "Team", TEAM, true)}
            <div class="field">
                <label for="on-call-calendar-url">"Its address"</label>
                <input id="on-call-calendar-url" name="calendar_url" type="text" required maxlength="2000" autocomplete="off" aria-describedby="on-call-calendar-url-hint" />
                <span class="hint" id="on-call-calendar-url-hint">"iCalendar as on-call tools publish it, or a list as JSON, over https. It is kept sealed, and only its host is shown."</span>
            </div>
            <button class="btn" type="submit">"Follow this calendar"</button>
        </form>
    }
    .into_any()
}
