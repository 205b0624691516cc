//! What happened, turned into messages for people: who they are is the pure core's to say, by which channels theirs. Any number
//! of replicas may do it at once: whoever comes second writes nothing.

use crate::App;
use crate::authority::{Action, may, over_labels};
use crate::people::actor;
use holdfast_domain::{Actor, EvacuationId, Labels, Name, PersonId, Role, RunId};
use holdfast_failover::notice::{
    Addressee, Message, Signal, Told, of_break_glass, of_clock, of_evacuation, of_gap, of_run, of_unreadable,
};
use holdfast_failover::{Evacuation, Run};
use holdfast_store::{Error, NewDelivery, Notice, NoticeOf, Noticed, Person};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

/// Told once when it happens, and again so often where nobody acts.
const ROUNDS_AT_MOST: u16 = 4;
/// What could not be told is looked at again: by a version that can read it, or once the database answers.
const LATER: Duration = Duration::from_secs(60);
/// What cannot be read is looked at after 1, 2, 4, 8 and 16 minutes; then administrators hear that it cannot.
const TRIES_AT_MOST: u16 = 5;

impl App {
    /// Turns what is due into deliveries; answers with how many notices there were. `again`: where somebody is waited for and
    /// does not act, they are told again after this long.
    ///
    /// # Errors
    /// When what is due cannot be asked. One that cannot be read or told now is logged, and holds up none of the others: it is
    /// looked at again later.
    pub async fn address_notices(&self, most: u32, again: Duration) -> Result<usize, Error> {
        let due = self.store.due_notices(most).await?;
        if due.is_empty() {
            return Ok(0);
        }
        let people: Vec<Person> =
            self.store.people().await?.into_iter().filter(|p| p.disabled_at.is_none()).collect();
        let mut on_call = self.on_call_now(&people).await;
        let people: Vec<(Person, Vec<Name>)> = people
            .into_iter()
            .map(|person| {
                let duties = on_call.remove(&person.id).unwrap_or_default();
                (person, duties)
            })
            .collect();
        for notice in &due {
            let told = async { self.deliver_to(notice, self.told(notice, &people).await?, again).await };
            let Err(error) = told.await else { continue };
            let unreadable = matches!(error, Error::Corrupt(_));
            if unreadable && notice.tries >= TRIES_AT_MOST {
                tracing::error!(notice = notice.id, %error, "what happened cannot be read: administrators are told that");
                let told =
                    of_unreadable(&page_of(notice), &addressees(&people, &[]), self.store.now().await?);
                self.deliver_to(notice, told, again).await?;
            } else {
                tracing::warn!(notice = notice.id, tries = notice.tries, %error, "nobody can be told yet of what happened");
                let after = if unreadable { LATER * (1_u32 << notice.tries) } else { LATER };
                self.store.postpone(notice, after, unreadable).await?;
            }
        }
        Ok(due.len())
    }

    async fn told(&self, notice: &Notice, people: &[(Person, Vec<Name>)]) -> Result<Told, Error> {
        match notice.of {
            NoticeOf::Run(id) => self.told_of_one(notice, id, people).await,
            NoticeOf::Evacuation(id) => self.told_of_lot(notice, id, people).await,
            NoticeOf::BreakGlass(id) => {
                Ok(of_break_glass(&self.store.break_glass(id).await?, &addressees(people, &[])))
            }
            NoticeOf::ClockAlarm(id) => {
                let alarm = self.store.clock_alarm(id).await?;
                let people = addressees(people, &[]);
                Ok(of_clock(&alarm.worker, alarm.since, (&alarm.says, &alarm.way_out), &people))
            }
            NoticeOf::JournalGap(id) => self.told_of_gap(id, people).await,
        }
    }

    async fn told_of_gap(&self, id: Uuid, people: &[(Person, Vec<Name>)]) -> Result<Told, Error> {
        let Noticed { gap, at, .. } = self.store.journal_gap(id).await?;
        // Of the run there may be nothing left, or what cannot be read: people hear of it all the same.
        let run = match self.store.entries(gap.run, 0).await {
            Ok(entries) => Run::replay(gap.run, &entries).ok(),
            Err(Error::Corrupt(_)) => None,
            Err(error) => return Err(error),
        };
        let team = self.owner_of(&gap.application).await?;
        let people = addressees(people, &self.store.labels(Some(&gap.application)).await?);
        Ok(of_gap(&gap, at, run.as_ref(), &people, team.as_ref()))
    }

    /// `None`: the inventory no longer has the application, or it cannot be read.
    async fn owner_of(&self, application: &Name) -> Result<Option<Name>, Error> {
        match self.store.application(application).await {
            Ok(application) => Ok(Some(application.owner)),
            Err(Error::NotFound(_) | Error::UnreadableApplication(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn told_of_one(
        &self,
        notice: &Notice,
        id: RunId,
        people: &[(Person, Vec<Name>)],
    ) -> Result<Told, Error> {
        let entries = self.store.entries(id, 0).await?;
        let run = Run::replay(id, &entries).map_err(|corrupt| Error::Corrupt(corrupt.to_string()))?;
        let Some(entry) = entries.iter().find(|entry| entry.seq == notice.seq) else {
            return Ok(Told::default());
        };
        let team = self.owner_of(&run.request.application).await?;
        let people = addressees(people, &self.store.labels(Some(&run.request.application)).await?);
        Ok(of_run(&run, entry, notice.rounds, &people, team.as_ref()))
    }

    async fn told_of_lot(
        &self,
        notice: &Notice,
        id: EvacuationId,
        people: &[(Person, Vec<Name>)],
    ) -> Result<Told, Error> {
        let entries = self.store.evacuation_entries(id).await?;
        let lot = Evacuation::replay(id, &entries).map_err(|corrupt| Error::Corrupt(corrupt.to_string()))?;
        let mut runs = Vec::new();
        // Whom it waits for is asked of its parts; once it has begun nobody is asked.
        if lot.started_at.is_none() && lot.ended_at.is_none() {
            for part in lot.request.parts() {
                match self.store.entries(part.run, 0).await {
                    Ok(entries) => runs.extend(Run::replay(part.run, &entries).ok()),
                    // It asks for nobody that could be known; the others do.
                    Err(Error::Corrupt(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let entry = entries.iter().find(|entry| entry.seq == notice.seq);
        let (mut left, mut moved) = (Vec::new(), Vec::new());
        for labels in self.store.labels(None).await? {
            if lot.request.parts().any(|part| part.application == labels.application) {
                moved.push(labels);
            } else if lot.request.left_out.iter().any(|left| left.application == labels.application) {
                left.push(labels);
            }
        }
        // A lot is told with what it leaves out, and so to nobody from whom anything of that is hidden.
        let sees = |person: &Person| {
            let actor = actor(person, None);
            !actor.is_limited() || left.iter().all(|labels| over_labels(&actor, labels.clone()).is_some())
        };
        let people: Vec<_> = people.iter().filter(|(person, _)| sees(person)).cloned().collect();
        let people = addressees(&people, &moved);
        Ok(entry.map(|entry| of_evacuation(&lot, &runs, entry, notice.rounds, &people)).unwrap_or_default())
    }

    async fn deliver_to(&self, notice: &Notice, told: Told, again: Duration) -> Result<(), Error> {
        let whom: Vec<PersonId> = told.to.iter().map(|(person, _)| *person).collect();
        let mut of: BTreeMap<Uuid, Vec<Uuid>> = BTreeMap::new();
        if !whom.is_empty() {
            for stand in self.store.channels(&whom).await? {
                of.entry(stand.channel.person.0).or_default().push(stand.channel.id);
            }
        }
        let mut deliveries: Vec<NewDelivery> = Vec::new();
        for (person, message) in told.to {
            match of.get(&person.0) {
                Some(channels) => deliveries.extend(channels.iter().map(|c| to(person, Some(*c), &message))),
                None => deliveries.push(to(person, None, &message)),
            }
        }
        if let Some(message) = told.settles {
            let rang = self.store.overtake(notice.of, notice.seq).await?;
            let hears = |d: &NewDelivery, c| d.channel == Some(c) && d.message.signal == Signal::Settle;
            let silent = rang.into_iter().filter(|(_, c)| !deliveries.iter().any(|d| hears(d, *c)));
            let settling: Vec<_> = silent.map(|(person, c)| to(person, Some(c), &message)).collect();
            deliveries.extend(settling);
        }
        let more = told.waits && notice.rounds + 1 < ROUNDS_AT_MOST;
        self.store.address(notice, &deliveries, more.then_some(again)).await.map(|_| ())
    }
}

/// Where what a notice is about is shown.
fn page_of(notice: &Notice) -> String {
    match notice.of {
        NoticeOf::Run(id) => format!("/runs/{id}"),
        NoticeOf::Evacuation(id) => format!("/evacuations/{id}"),
        NoticeOf::BreakGlass(id) => format!("/break-glass/{id}"),
        NoticeOf::ClockAlarm(_) | NoticeOf::JournalGap(_) => "/system".to_owned(),
    }
}

fn to(person: PersonId, channel: Option<Uuid>, message: &Message) -> NewDelivery {
    NewDelivery { person, channel, message: message.clone() }
}

/// Those who may know of all of these applications. What somebody may do is asked where everything is asked.
fn addressees(people: &[(Person, Vec<Name>)], over: &[Labels]) -> Vec<Addressee> {
    people.iter().filter_map(|(person, on_call)| addressee(person, on_call, over)).collect()
}

fn addressee(person: &Person, on_call: &[Name], over: &[Labels]) -> Option<Addressee> {
    let actor = actor(person, None);
    let asked: Vec<Actor> = match over {
        over if actor.is_limited() && !over.is_empty() => {
            over.iter().map(|labels| over_labels(&actor, labels.clone())).collect::<Option<_>>()?
        }
        _ => vec![actor],
    };
    let may_all = |action| asked.iter().all(|asked| may(asked, action).is_ok());
    Some(Addressee {
        id: person.id,
        email: person.email.clone(),
        groups: person.groups.clone(),
        others: person.others.iter().map(|other| other.id).collect(),
        may_review: may_all(Action::ReviewRun),
        may_drive: may_all(Action::DriveRun),
        admin: person.roles.contains(&Role::Admin),
        on_call: on_call.to_vec(),
    })
}
