/** How one direction of the relay is; what is not named is as on a perfect link. See rust/relay. */
export interface Direction {
  delayMs?: number;
  jitterMs?: number;
  loss?: number;
  burst?: number;
  duplicate?: number;
  reorder?: number;
  reorderDelayMs?: number;
  kbitPerSecond?: number;
  maxQueueMs?: number;
}

export interface Counters {
  sent: number;
  lost: number;
  overflowed: number;
  duplicated: number;
  reordered: number;
}

export interface RelayStats {
  down: Counters;
  up: Counters;
  downQueueMs: number;
  upQueueMs: number;
}

/** What the subscriber's browser, the relay and the server said at one moment. Totals count from the call's beginning. */
export interface Sample {
  /** Seconds since the scenario began. */
  at: number;
  framesDecoded: number;
  framesSent: number;
  freezeCount: number;
  frozenSeconds: number;
  frameHeight: number;
  videoBytes: number;
  retransmittedBytes: number;
  concealedSamples: number;
  audioSamples: number;
  queueMs: number;
  /** The server's estimate of the subscriber's link in bit/s; null before there is one. */
  estimate: number | null;
  /** Heights of the layers that the publisher sends. */
  layers: number[];
}

/** One step of a scenario: from `at` on, in seconds, the subscriber's link is like this. */
export interface Step {
  at: number;
  down: Direction;
  up?: Direction;
}

export interface Scenario {
  name: string;
  title: string;
  seconds: number;
  steps: Step[];
}

export interface Run {
  scenario: Scenario;
  samples: Sample[];
}
