import type { components } from './schema.gen';

type Schemas = components['schemas'];

export type Advice = Schemas['Advice'];
export type Comparison = Schemas['Comparison'];
export type DataSetOperator = Schemas['DataSetOperator'];
export type Effect = Schemas['Effect'];
export type Executor = Schemas['Executor'];
export type Finding = Schemas['Finding'];
export type Job = Schemas['Job'];
export type JobDetail = Schemas['JobDetail'];
export type JobError = Schemas['JobError'];
export type JobList = Schemas['JobList'];
export type JobProgress = Schemas['JobProgress'];
export type LogPage = Schemas['LogPage'];
export type Operator = Schemas['Operator'];
export type OperatorEdge = Schemas['OperatorEdge'];
export type OperatorMetric = Schemas['OperatorMetric'];
export type Patch = Schemas['PatchBody'];
export type Quantiles = Schemas['Quantiles'];
export type SqlExecution = Schemas['SqlExecution'];
export type Stage = Schemas['Stage'];
export type StageProgress = Schemas['StageProgress'];
export type TaskRow = Schemas['TaskRow'];
export type Timeline = Schemas['Timeline'];
export type TimelineStage = Schemas['TimelineStage'];
export type TimelineTasks = Schemas['TimelineTasks'];
export type Withheld = Schemas['Withheld'];
