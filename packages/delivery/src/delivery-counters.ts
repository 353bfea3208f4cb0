/**
 * Every record that a delivery was offered ends in exactly one of these counters, or is still queued.
 *
 * Invariant: a drop is counted under `triscope_telemetry_dropped_total` for every signal; beside it, spans and log
 * records have the counters of the semantic conventions.
 */
import type { Diagnostics, DropReason, Labels, Signal } from '@triscope/core'
import type { Component } from './delivery-options.ts'
import { ALREADY_SHUTDOWN, metricNames, QUEUE_FULL, RECORD_NAMES, TOO_LARGE } from './semconv.ts'

/** Counts for one delivery. */
export interface DeliveryCounters {
  /** Records lost so far, of all reasons. */
  readonly droppedSoFar: number
  /** The backend has them. */
  accepted(count: number): void
  /** Lost before any attempt to send them. */
  droppedWaiting(reason: 'QUEUE_FULL' | 'TOO_LARGE' | 'SHUTDOWN', count: number): void
  /** Lost in an attempt to send them. @param errorType low in cardinality, as `error.type` */
  droppedSending(reason: DropReason, count: number, errorType: string): void
  /** Handed to the sender; counted once, whatever the number of attempts. */
  submitted(count: number): void
  /** Takes the gauges away; the counters stay, for the last scrape. */
  close(): void
}

const ERROR_TYPES = {
  QUEUE_FULL,
  TOO_LARGE,
  SHUTDOWN: ALREADY_SHUTDOWN,
}

/** Registers the series of one delivery. @param queue read when somebody looks */
export function createDeliveryCounters(
  diagnostics: Diagnostics,
  signal: Signal,
  queue: { readonly records: number; readonly capacity: number; readonly inFlight: number },
  component: Component | undefined,
): DeliveryCounters {
  const { many, metric } = RECORD_NAMES[signal]
  const names = metric === undefined ? undefined : metricNames(metric)
  const series = (
    name: string | undefined,
    help: string,
    errorType?: string,
  ): { add(n: number): void } | undefined =>
    name === undefined
      ? undefined
      : diagnostics.counter({
          name,
          help,
          ...labelsOf(component, errorType),
        })
  const exported = (errorType?: string) =>
    series(names?.exported, `Finished exports of ${many}; failed ones have an error_type`, errorType)
  const processed = (errorType?: string) =>
    series(names?.processed, `${many} handed to the exporter, or lost before with an error_type`, errorType)
  // Zero before the first record, so that a rate over it is known from the start.
  exported()?.add(0)
  processed()?.add(0)
  const gauges =
    names === undefined
      ? []
      : [
          diagnostics.gauge({
            name: names.queueSize,
            help: `${many} that wait or are in flight`,
            ...labelsOf(component),
            read: () => queue.records,
          }),
          diagnostics.gauge({
            name: names.queueCapacity,
            help: `${many} that the queue can hold`,
            ...labelsOf(component),
            read: () => queue.capacity,
          }),
          diagnostics.gauge({
            name: names.inFlight,
            help: `${many} that were handed to the exporter, and have no answer yet`,
            ...labelsOf(component),
            read: () => queue.inFlight,
          }),
        ]
  let droppedSoFar = 0
  return {
    get droppedSoFar() {
      return droppedSoFar
    },
    accepted(count) {
      exported()?.add(count)
    },
    droppedWaiting(reason, count) {
      droppedSoFar += count
      diagnostics.dropped(signal, reason, count)
      processed(ERROR_TYPES[reason])?.add(count)
    },
    droppedSending(reason, count, errorType) {
      droppedSoFar += count
      diagnostics.dropped(signal, reason, count)
      exported(errorType)?.add(count)
    },
    submitted(count) {
      processed()?.add(count)
    },
    close() {
      for (const remove of gauges) remove()
    },
  }
}

/** None where there are none: a series without labels has no object of them. */
function labelsOf(component: Component | undefined, errorType?: string): { labels?: Labels } {
  if (component === undefined) return errorType === undefined ? {} : { labels: { error_type: errorType } }
  return {
    labels: {
      otel_component_type: component.type,
      otel_component_name: component.name,
      ...(errorType === undefined ? {} : { error_type: errorType }),
    },
  }
}
