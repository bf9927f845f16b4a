// Imported first in a component, so that the author's modules already find the guard.

import { guard } from './guard.js';

guard();
// The SDK's own frames lie on top of the author's.
Error.stackTraceLimit = 50;
