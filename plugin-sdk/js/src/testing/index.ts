// What tests import from '@daybook/sdk/testing'.

export { replayDiff, type ReplayDiff } from './replay-diff.js';
export { Scenario, scenario } from './scenario.js';
