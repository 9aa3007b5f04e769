use super::Fold;
use super::stages::Part;
use crate::event::{Exclusion, ExclusionKind};
use tinderbox_model::{ExecutorId, StageAttemptId, StageId};

impl Fold {
    pub(super) fn exclusion(&mut self, kind: ExclusionKind, event: &Exclusion<'_>) {
        let stage = StageAttemptId {
            stage: StageId(event.stage),
            attempt: u32::try_from(event.attempt).unwrap_or(0),
        };
        if kind == ExclusionKind::ForStage {
            self.excluded_for_stage(stage, event);
            return;
        }
        let is_excluded = kind == ExclusionKind::Excluded;
        if let Some(state) = event.executor.as_ref().and_then(|id| self.executors.live_by_id(id)) {
            state.executor.is_excluded = is_excluded;
        }
        if let Some(host) = &event.host {
            for (_, executor) in self.executors.of_node(host) {
                executor.is_excluded = is_excluded;
            }
        }
    }

    fn excluded_for_stage(&mut self, stage: StageAttemptId, event: &Exclusion<'_>) {
        let mut slots = Vec::new();
        if let Some(host) = &event.host {
            let of_node = self.executors.of_node(host);
            slots.extend(of_node.map(|(slot, executor)| (slot, executor.id.clone())));
        }
        if let Some(id) = &event.executor {
            slots.push((self.executors.slot(id), ExecutorId::from(&**id)));
        }
        for (slot, id) in slots {
            self.stages.exclude(Part { stage, slot, executor: &id });
            self.executors.exclude_for(slot, stage.stage);
        }
    }
}
