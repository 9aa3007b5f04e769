//! The commands, one file each; small ones that only ask and print share [`inspect`].

mod analyze;
mod check;
mod cluster;
mod collect;
mod compile;
mod components;
mod fit;
mod fleet;
mod generate;
mod history;
mod history_server;
mod import;
mod inspect;
mod lineage;
mod logs;
mod play;
mod preview;
mod profile;
mod run;
mod sail_driver;
mod scale;
mod serve;
mod session;
mod spark_application;
mod spec;
mod spec_diff;
mod spec_edit;
mod spec_import;
mod submit;
mod test;
mod watch;

use crate::args::{
    Arguments, Command, DbCommand, EngineCommand, GenerateCommand, HistoryCommand,
    InstallableEngine, SpecCommand,
};
use crate::failure::Failure;
use crate::output;
use std::process::ExitCode;
use tinderbox_app::Retention;
use tinderbox_server::HistoryOptions;

/// Executes the command of the arguments.
pub async fn execute(arguments: Arguments) -> Result<ExitCode, Failure> {
    let place = arguments.place;
    match arguments.command {
        Command::Check { spec, chosen, engine, format } => {
            check::check(&spec, chosen, engine.as_deref(), format).await
        }
        Command::Spec { command } => match command {
            SpecCommand::New { file, name } => spec::new(&file, name.as_deref()),
            SpecCommand::Diff { old, new, format } => spec_diff::diff(&old, &new, format),
            SpecCommand::Fmt { file, check } => spec_edit::fmt(&file, check),
            SpecCommand::Upgrade { file, chosen } => spec_edit::upgrade(&file, chosen),
            SpecCommand::Import { target, execution, format } => {
                spec_import::import(&place, &target, execution, format).await
            }
            SpecCommand::Schema => {
                output::data(&tinderbox_spec::json_schema());
                Ok(ExitCode::SUCCESS)
            }
            SpecCommand::Components { name, format } => components::show(name.as_deref(), format),
        },
        Command::Compile { spec, to, out, chosen, format } => {
            compile::compile(&spec, compile::Order { to, out, chosen }, format)
        }
        Command::Lineage { spec, column, chosen, format } => {
            lineage::show(&spec, column.as_deref(), chosen, format)
        }
        Command::Test { spec, chosen, name, engine, format } => {
            test::test(&spec, chosen, name.as_deref(), &engine, format).await
        }
        Command::Preview { spec, node, rows, chosen, engine, exact, profile, watch, format } => {
            let order = preview::Order { node, rows, chosen, engine, exact, profile, watch };
            preview::preview(&spec, order, format).await
        }
        Command::Session { command } => session::execute(&place, command).await,
        Command::Run {
            spec,
            engine,
            apply_advice,
            chosen,
            timeout,
            retries,
            idempotency_key,
            detach,
            format,
        } => {
            let order = run::Order {
                engine,
                apply_advice,
                chosen,
                timeout,
                retries,
                idempotency_key,
                detach,
            };
            run::run(&place, &spec, order, format).await
        }
        Command::Submit(order) => submit::submit(&place, order).await,
        Command::Scale(order) => scale::scale(&place, order).await,
        Command::Jobs { state, search, sort_by, limit, format } => {
            let query = inspect::JobsQuery { state, search, sort_by, limit };
            inspect::jobs(&place, query, format).await
        }
        Command::Expectations { run, format } => inspect::expectations(&place, &run, format).await,
        Command::Logs { run, executor, executors, follow, search, format } => {
            let wanted = logs::Wanted { executor, executors, follow, search };
            logs::logs(&place, &run, &wanted, format).await
        }
        Command::Cancel { run, format } => inspect::cancel(&place, &run, format).await,
        Command::Analyze { target, format } => analyze::analyze(&place, &target, format).await,
        Command::Compare { before, after, format } => {
            analyze::compare(&place, &before, &after, format).await
        }
        Command::Collect { event_log_dir, recursive, watch, outgoing, format } => {
            let order = collect::Order { urls: event_log_dir, recursive, watch };
            collect::collect(&place, order, &outgoing, format).await
        }
        Command::CollectFromHistoryServer {
            history_server_url,
            since,
            limit,
            status,
            header_file,
            bearer_token_variable,
            basic_auth_variable,
            max_log_size,
            outgoing,
            format,
        } => {
            let order = history_server::Order {
                url: history_server_url,
                query: history_server::query(since, limit, status),
                header_file,
                bearer_token_variable,
                basic_auth_variable,
                max_log_size,
            };
            history_server::collect(&place, order, &outgoing, format).await
        }
        Command::Import { folder, replace, format } => {
            import::import(&place, &folder, replace, format).await
        }
        Command::Serve {
            listen,
            event_log_dir,
            recursive,
            parquet,
            keep_for,
            keep_size,
            history_api,
            retained_tasks,
            jobs,
            outgoing,
        } => {
            let logs = serve::Logs { urls: event_log_dir, recursive };
            let retention = Retention { age: keep_for, size: keep_size };
            let history = HistoryOptions { shape: history_api.shape(), retained_tasks };
            let record = serve::Record { logs, data_sets: parquet, retention, jobs: jobs.into() };
            serve::serve(&place, listen, record, history, &outgoing).await
        }
        Command::History { command: HistoryCommand::Sql { query, on, limit, format } } => {
            history::sql(&place, history::Question { query, on, limit }, format).await
        }
        Command::History {
            command: HistoryCommand::Prune { older_than, max_size, dry_run, format },
        } => {
            fleet::prune(&place, Retention { age: older_than, size: max_size }, dry_run, format)
                .await
        }
        Command::Generate { command: Some(command), .. } => match command {
            GenerateCommand::Models => Ok(generate::models()),
            GenerateCommand::Scenarios => Ok(generate::scenarios()),
            GenerateCommand::Fit(arguments) => fit::fit(&place, &arguments).await,
        },
        Command::Generate { command: None, data_set } => {
            generate::generate(&place, *data_set).await
        }
        Command::Db { command: DbCommand::Check { repair, format } } => {
            fleet::check(&place, repair, format).await
        }
        Command::Cluster { command } => cluster::execute(&place, command).await,
        Command::Engine { command: EngineCommand::Install { engine: InstallableEngine::Sail } } => {
            history::install_sail().await
        }
        Command::SailDriver { folder } => Ok(sail_driver::drive(&folder).await),
        Command::Openapi => {
            output::data(&tinderbox_server::openapi_json());
            Ok(ExitCode::SUCCESS)
        }
    }
}
