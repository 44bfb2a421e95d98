extension ReplayReport {
    /// The fields that a replay adds to the report, for `--help`.
    static let help = """
        REPORT

          --json prints the fields of "loyalty-worker run --json" and these; with
          --dry-run they tell what the same command would do without it:

          job                       name, for --job
          dry_run, finished         finished: all partitions of the job, by any process
          definition                digest of the job's definition
          range_offsets             offsets in the range, gaps included
          filtered                  events that --filter left out
          keys_out_of_order         keys of which a record has an earlier timestamp
                                    than one before it
          missing_offsets           offsets that the log did not have any more
          log_append_time           days are those of the brokers, not of the senders
          dead_letter_reasons       records that can't be replayed, by reason
          unreplayed                the first 100 of them, with their reasons
          by                        by day (UTC, of the record's timestamp) and campaign:
                                    recorded, already_recorded, sent, suppressed
          would_send_if_allowed     dry run only: notifications that
                                    --stages notification,publication --notify would send

        EXIT CODES

          0   the job is finished; the dry run found nothing that can't be replayed
          1   something can't be replayed, or it was stopped before the end
          64  wrong usage, --strict, or a job that is defined otherwise
          69  a needed service is unreachable
          78  wrong settings
        """
}
