use tinderbox_api as api;
use tinderbox_app::{ScaleJobView, ScaleState, Submission, model};

/// What is asked for when a job is asked for.
pub fn submission(request: api::SubmitJob) -> Submission {
    Submission {
        spec: request.spec,
        spec_name: request.spec_name,
        base_directory: request.base_directory.into(),
        parameters: request.parameters,
        environment: request.environment,
        files: request.files,
        engine: request.engine,
        apply_advice: request.apply_advice,
        timeout: request.timeout_ms.map(model::Millis),
        retries: request.retries,
        idempotency_key: request.idempotency_key,
    }
}

/// Where a job stands, without an answer.
pub fn scale_state(job: ScaleJobView) -> api::ScaleState {
    let href = match &job.user {
        Some(user) => format!("/submit-job/{}/{}", segment(user), segment(&job.job_id)),
        None => format!("/api/scale/{}", segment(&job.id)),
    };
    let (status, error) = match job.state {
        ScaleState::Queued => ("QUEUED", None),
        ScaleState::Running => ("RUNNING", None),
        ScaleState::Succeeded(_) => ("SUCCESS", None),
        ScaleState::Failed(failure) => {
            let error = api::ScaleError {
                code: failure.code,
                message: failure.message,
                hint: failure.hint,
                nodes: failure.nodes,
                run_id: failure.run_id,
            };
            ("FAILED", Some(error))
        }
        ScaleState::Cancelled => ("CANCELLED", None),
    };
    let runs = job.nodes.iter().map(|nodes| {
        let run = job.runs.iter().find(|(of, _)| of == nodes).map(|(_, run)| run);
        api::ScaleRun {
            nodes: *nodes,
            run_id: run.map(|run| run.id.to_string()),
            state: run.map_or("waiting", |run| run.state.as_str()).to_owned(),
        }
    });
    api::ScaleState {
        status: status.to_owned(),
        data: api::ScaleProgress {
            runs: runs.collect(),
            job_id: job.job_id,
            href,
            result_path: job.result_path,
            cluster: job.cluster,
        },
        error,
    }
}

/// One segment of a path (RFC 3986, section 3.3): spaces as `%20` and not as forms write them.
fn segment(text: &str) -> String {
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20")
}
