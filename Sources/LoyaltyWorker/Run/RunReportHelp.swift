extension RunReport {
    /// The fields of the report, for `--help`.
    static let help = """
        REPORT

          --json prints these fields as one line when the run ends:

          events                    records received
          accepted                  loyalty events
          ignored                   tombstones and events of other types
          dead_letters              records in the dead-letter topic, acknowledged
          notifications.sent        delivered by this run
          notifications.suppressed  not sent: duplicates, and events older than
                                    notification.maxAge
          notifications.repeated    delivered by a further try after one that was
                                    never answered, so perhaps twice
          publications.recorded     recorded by this run
          publications.repeated     recorded before, or perhaps twice as above
          lost                      events without any consequence: 0, or a defect
          seconds                   from the first record to the last commit
          events_per_second         events by seconds
          latency_ms.p50, .p99      from the reception of an event to its finish
          max_resident_mib          peak of the process's memory
          handling_seconds          from the first record to the end of the last stage
          rejected                  records that could not be decoded
          parked                    dead letters that only wait behind another one of
                                    their key
          discarded                 dead letters given up for good, without a stage
          resumed                   received again, and known to be finished from the
                                    last commit
          unfinished                not finished at the end and not committed: they
                                    will be delivered again
          retries                   further attempts at stages
          commits                   commits that the broker confirmed
          rebalances                assignments and revocations
        """
}
