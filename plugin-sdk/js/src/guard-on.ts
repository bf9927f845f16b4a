// Imported first in a component, so that the author's modules already find the guard.

import { guard } from './guard.js';

guard();
