//! `tinderbox preview --watch`: the rows of a node again and again while its document is written. One server answers all
//! questions, and what did not change is not computed again.

use super::preview::{Order, Page, folder_of, page};
use super::spec::open;
use crate::args::Format;
use crate::output;
use crate::signals::stopped;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, SystemTime};
use tinderbox_app::Previews;
use tinderbox_model::NodeId;
use tinderbox_spec::preview_sources;

/// How often the files are looked at.
const PERIOD: Duration = Duration::from_millis(100);

/// Shows a preview until it is stopped. Errors are shown too, and end nothing.
pub async fn watch(previews: &mut Previews, path: &Path, order: &Order, format: Format) {
    let mut stop = pin!(stopped());
    let mut shown: Option<Page> = None;
    loop {
        // Before the document is read, so that no change is missed.
        let files = files(path, order);
        let seen = states(&files);
        tokio::select! {
            page = page(previews, path, order, format) => match page {
                Ok(page) if shown.as_ref() == Some(&page) => output::note("nothing changed here"),
                Ok(page) => {
                    page.print();
                    shown = Some(page);
                }
                Err(failure) => {
                    failure.report();
                    shown = None;
                }
            },
            () = &mut stop => return,
        }
        tokio::select! {
            () = changed(&files, seen) => {}
            () = &mut stop => return,
        }
    }
}

/// Waits for a change and for its end: editors empty or remove a document for a moment when they save it.
async fn changed(files: &[PathBuf], seen: Vec<State>) {
    let mut before = seen.clone();
    loop {
        tokio::time::sleep(PERIOD).await;
        let now = states(files);
        let is_there = now.first().is_some_and(Option::is_some);
        if is_there && now != seen && now == before {
            return;
        }
        before = now;
    }
}

/// Size and time of a file; of a folder, its own. `None` of what is not there.
type State = Option<(u64, SystemTime)>;

/// The document, the files that it names, and its local sources.
fn files(path: &Path, order: &Order) -> Vec<PathBuf> {
    let mut files = vec![path.to_owned()];
    if let Ok((text, choice)) = open(path, order.chosen.clone()) {
        let folder = folder_of(path);
        files.extend(choice.files.keys().map(|file| folder.join(file)));
        if let Ok(loaded) = tinderbox_spec::load("", &text, &choice) {
            let sources = preview_sources(&loaded.spec, &NodeId::new(&order.node));
            files.extend(sources.into_iter().map(|source| folder.join(source)));
        }
    }
    files
}

fn states(files: &[PathBuf]) -> Vec<State> {
    let state = |file: &PathBuf| {
        let found = std::fs::metadata(file).ok()?;
        Some((found.len(), found.modified().ok()?))
    };
    files.iter().map(state).collect()
}
