//! Connections that do not wait for ever. One whose other end has vanished without a word stays open for the kernel until it
//! gives up, a quarter of an hour later or never; whoever asks over it must not wait as long. So every answer has its time,
//! and a connection that does not give a sign of life in its own is closed and replaced.

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgQueryResult, PgRow, PgStatement, PgTypeInfo};
use sqlx::{
    Connection as _, Describe, Either, Error, Execute, Executor, PgConnection, PgPool, Postgres, Row as _,
    SqlStr,
};
use std::future::Future;
use std::io;
use std::time::Duration;

/// Asked of a connection when it is taken and when it is given back.
pub(crate) const SIGN_OF_LIFE_WITHIN: Duration = Duration::from_secs(2);
/// One that was given back so recently gave its sign of life then.
const RECENTLY: Duration = Duration::from_millis(100);

/// A pool, and how long whoever asks over it waits for an answer. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    pool: PgPool,
    answer_within: Duration,
}

/// One connection of a pool. A transaction on it that is neither committed nor rolled back is rolled back when it is dropped.
#[derive(Debug)]
pub(crate) struct Connection {
    held: Held,
    answer_within: Duration,
}

#[derive(Debug)]
enum Held {
    Lent(PoolConnection<Postgres>),
    Open(sqlx::Transaction<'static, Postgres>),
}

/// The answer, or that there was none in time.
pub(crate) async fn in_time<T>(
    within: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(within, answer).await.unwrap_or_else(|_| {
        let silent = format!("the database did not answer within {} s", within.as_secs());
        Err(Error::Io(io::Error::new(io::ErrorKind::TimedOut, silent)))
    })
}

async fn alive(connection: &mut PgConnection, within: Duration) -> Result<bool, Error> {
    in_time(within, connection.ping()).await.map(|()| true)
}

/// A wait for an answer that was given up leaves its connection waiting; it is given back by whoever held it, and there this is
/// asked first, in its time. And whether nothing is open on it: of a BEGIN whose answer was not waited for sqlx takes nothing
/// back, and what somebody wrote after it would be undone. As a plain text: of a prepared statement the two times differ always.
async fn at_rest(connection: &mut PgConnection) -> Result<bool, Error> {
    let asked = connection.fetch_one("SELECT now() = statement_timestamp()");
    in_time(SIGN_OF_LIFE_WITHIN, asked).await?.try_get(0)
}

impl Connections {
    /// So many of them, made when they are needed.
    pub(crate) fn lazy(size: u32, answer_within: Duration, options: PgConnectOptions) -> Self {
        // Where little time is given, some of it is left for another connection.
        let sign_of_life = SIGN_OF_LIFE_WITHIN.min(answer_within / 3);
        let pool = PgPoolOptions::new()
            .max_connections(size)
            .min_connections(1)
            .acquire_timeout(Duration::from_secs(5))
            .max_lifetime(Duration::from_secs(30 * 60))
            // Their own tests would wait for as long as the kernel does.
            .test_before_acquire(false)
            .before_acquire(move |connection, known| {
                Box::pin(async move {
                    if known.idle_for < RECENTLY { Ok(true) } else { alive(connection, sign_of_life).await }
                })
            })
            .after_release(|connection, _| Box::pin(at_rest(connection)))
            .connect_lazy_with(options);
        Self { pool, answer_within }
    }

    pub(crate) async fn acquire(&self) -> Result<Connection, Error> {
        // On the heap: making a new connection takes more room than those who wait have on their stacks for each question.
        let held = Held::Lent(Box::pin(self.pool.acquire()).await?);
        Ok(Connection { held, answer_within: self.answer_within })
    }

    pub(crate) async fn begin(&self) -> Result<Connection, Error> {
        let held = Held::Open(in_time(self.answer_within, Box::pin(self.pool.begin())).await?);
        Ok(Connection { held, answer_within: self.answer_within })
    }

    pub(crate) fn size(&self) -> u32 {
        self.pool.size()
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }
}

impl Connection {
    fn raw(&mut self) -> &mut PgConnection {
        match &mut self.held {
            Held::Lent(connection) => connection,
            Held::Open(transaction) => transaction,
        }
    }

    /// Outside of a transaction each statement was committed by itself.
    pub(crate) async fn commit(self) -> Result<(), Error> {
        match self.held {
            Held::Lent(_) => Ok(()),
            Held::Open(transaction) => in_time(self.answer_within, transaction.commit()).await,
        }
    }

    /// When this returns, nothing of the transaction is held any more.
    pub(crate) async fn rollback(self) -> Result<(), Error> {
        match self.held {
            Held::Lent(_) => Ok(()),
            Held::Open(transaction) => in_time(self.answer_within, transaction.rollback()).await,
        }
    }
}

impl<'c> Executor<'c> for &'c mut Connection {
    type Database = Postgres;

    /// The time is that of each row: a long answer may take longer.
    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let within = self.answer_within;
        let answers = self.raw().fetch_many(query);
        stream::try_unfold(answers, move |mut answers| async move {
            let answer = in_time(within, answers.try_next()).await?;
            Ok(answer.map(|answer| (answer, answers)))
        })
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let within = self.answer_within;
        Box::pin(in_time(within, self.raw().fetch_optional(query)))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'c: 'e,
    {
        let within = self.answer_within;
        Box::pin(in_time(within, self.raw().prepare_with(sql, parameters)))
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'c: 'e,
    {
        let within = self.answer_within;
        Box::pin(in_time(within, self.raw().describe(sql)))
    }
}

/// Each query on a connection of its own.
impl<'p> Executor<'p> for &'_ Connections {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let connections = self.clone();
        stream::once(async move {
            let mut connection = connections.acquire().await?;
            let answers: Vec<_> = connection.fetch_many(query).try_collect().await?;
            Ok::<_, Error>(stream::iter(answers.into_iter().map(Ok)))
        })
        .try_flatten()
        .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<PgRow>, Error>>
    where
        'p: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let connections = self.clone();
        Box::pin(async move { connections.acquire().await?.fetch_optional(query).await })
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, Error>>
    where
        'p: 'e,
    {
        let connections = self.clone();
        Box::pin(async move { connections.acquire().await?.prepare_with(sql, parameters).await })
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, Error>>
    where
        'p: 'e,
    {
        let connections = self.clone();
        Box::pin(async move { connections.acquire().await?.describe(sql).await })
    }
}
