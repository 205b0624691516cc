use super::*;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use holdfast_cloud::{Acting, Direction};
use holdfast_domain::{RunId, StepId};

const ECS: (Service, &str) = (Service::Ecs, "us-east-1");

/// A look of the collector with this much time, where one call at a time may be under way.
fn sweep(time: Duration) -> Caller {
    let settings = AwsSettings { looks_at_once: 1, ..AwsSettings::new(vec![]) };
    Caller {
        account: "222222222222".into(),
        http: shared_http_client(),
        silence: Arc::default(),
        aws_clock: Default::default(),
        clusters: Arc::default(),
        view: Arc::new(OutsideView::new(settings.outside.clone())),
        task_definitions: Arc::default(),
        traffic: Arc::new(Traffic::new(&settings)),
        settings: Arc::new(settings),
        credentials: Credentials::new("AKID", "secret", None, None, "test"),
        mark: None,
        token: None,
        may_read_secrets: false,
        changing: false,
        deadline: Instant::now() + time,
        waited: Arc::default(),
    }
}

/// A run's look beside it, with the same time.
fn run(beside: &Caller) -> Caller {
    let mark = RunMark::of(&Acting {
        run: RunId::fresh(),
        step: StepId::parse("raise-web").unwrap(),
        source_identity: "operator@example.com".into(),
        epoch: 1,
        retries: 0,
        direction: Direction::Do,
        timeout: Duration::from_secs(60),
        change: None,
    });
    Caller { mark: Some(mark), waited: Arc::default(), ..beside.clone() }
}

async fn asked(
    caller: &Caller,
    sent: impl Future<Output = Result<(), SdkError<AssumeRoleError, Response>>>,
) -> Result<(), Error> {
    caller.ask(ECS.0, ECS.1, "ecs:DescribeServices", sent).await
}

#[tokio::test]
async fn what_a_look_waits_for_its_turn_is_not_taken_from_its_time() {
    let look = sweep(Duration::from_millis(40));
    let call = look.call(ECS.1, "ecs:DescribeServices");
    let first = look.traffic.admit(&look.account, &look.silence, ECS, &call).await.unwrap();
    let all_its_time_and_more = tokio::time::sleep(Duration::from_millis(60));
    let (answer, ()) = tokio::join!(asked(&look, async { Ok(()) }), async {
        all_its_time_and_more.await;
        drop(first);
    });
    assert_eq!(answer, Ok(()));
    let next = look.timeouts(ECS.0, ECS.1).operation_timeout().unwrap();
    assert!(!next.is_zero(), "its next call has what is left of its time");
    assert!(!look.silence.is_silent(ECS.0, ECS.1));
}

#[tokio::test]
async fn a_look_whose_time_is_up_finds_no_endpoint_silent() {
    let look = sweep(Duration::ZERO);
    let error = asked(&look, std::future::pending()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    assert!(!look.silence.is_silent(ECS.0, ECS.1));
}

#[test]
fn a_silent_endpoint_gets_a_short_attempt_of_a_sweep_and_a_whole_one_of_a_run() {
    let sweep = sweep(Duration::from_secs(8));
    let run = run(&sweep);
    let attempts = |caller: &Caller| caller.retries(ECS.0, ECS.1).max_attempts();
    assert_eq!((attempts(&sweep), attempts(&run)), (3, 5));
    sweep.silence.unheard(ECS.0, ECS.1);
    assert_eq!((attempts(&sweep), attempts(&run)), (1, 1));
    let attempt = |caller: &Caller| caller.timeouts(ECS.0, ECS.1).operation_attempt_timeout();
    assert_eq!(attempt(&sweep), Some(SHORTLY));
    assert_eq!(attempt(&run), Some(sweep.settings.attempt_timeout));
}

#[test]
fn accounts_services_regions_sweeps_and_runs_use_up_no_retries_of_each_other() {
    let sweep = sweep(Duration::from_secs(8));
    let other = Caller { account: "333333333333".into(), ..sweep.clone() };
    let all = [
        sweep.partition(ECS.0, ECS.1),
        run(&sweep).partition(ECS.0, ECS.1),
        other.partition(ECS.0, ECS.1),
        sweep.partition(Service::Rds, ECS.1),
        sweep.partition(ECS.0, "eu-central-1"),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(all.iter().skip(at + 1).all(|other| other != one), "{one:?}");
    }
}
