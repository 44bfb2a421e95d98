internal import Crdkafka

extension KafkaError.Code {
    // Raised by librdkafka itself.
    package static let timedOut = Self(RD_KAFKA_RESP_ERR__TIMED_OUT)
    package static let timedOutInQueue = Self(RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE)
    package static let messageTimedOut = Self(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT)
    package static let transport = Self(RD_KAFKA_RESP_ERR__TRANSPORT)
    /// Information only: librdkafka goes on connecting, and raises it spuriously (confluentinc/librdkafka#5126).
    package static let allBrokersDown = Self(RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    package static let resolve = Self(RD_KAFKA_RESP_ERR__RESOLVE)
    package static let authentication = Self(RD_KAFKA_RESP_ERR__AUTHENTICATION)
    package static let tls = Self(RD_KAFKA_RESP_ERR__SSL)
    package static let partitionEOF = Self(RD_KAFKA_RESP_ERR__PARTITION_EOF)
    package static let queueFull = Self(RD_KAFKA_RESP_ERR__QUEUE_FULL)
    package static let unknownPartition = Self(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
    package static let unknownTopic = Self(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
    package static let unknownGroup = Self(RD_KAFKA_RESP_ERR__UNKNOWN_GROUP)
    package static let invalidArgument = Self(RD_KAFKA_RESP_ERR__INVALID_ARG)
    package static let state = Self(RD_KAFKA_RESP_ERR__STATE)
    package static let destroyed = Self(RD_KAFKA_RESP_ERR__DESTROY)
    package static let failed = Self(RD_KAFKA_RESP_ERR__FAIL)
    package static let conflict = Self(RD_KAFKA_RESP_ERR__CONFLICT)
    package static let unsupportedFeature = Self(RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE)
    package static let waitingForCoordinator = Self(RD_KAFKA_RESP_ERR__WAIT_COORD)
    package static let waitingForMetadata = Self(RD_KAFKA_RESP_ERR__WAIT_CACHE)
    /// Nothing was committed, or there was nothing to commit.
    package static let noOffset = Self(RD_KAFKA_RESP_ERR__NO_OFFSET)
    package static let outdated = Self(RD_KAFKA_RESP_ERR__OUTDATED)
    package static let purgedFromQueue = Self(RD_KAFKA_RESP_ERR__PURGE_QUEUE)
    package static let purgedInFlight = Self(RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
    package static let fatal = Self(RD_KAFKA_RESP_ERR__FATAL)
    package static let fenced = Self(RD_KAFKA_RESP_ERR__FENCED)
    package static let maxPollExceeded = Self(RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED)
    package static let assignmentLost = Self(RD_KAFKA_RESP_ERR__ASSIGNMENT_LOST)
    /// The position is gone or missing and `auto.offset.reset` is `error`.
    package static let autoOffsetReset = Self(RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET)

    // Sent by a broker.
    package static let none = Self(RD_KAFKA_RESP_ERR_NO_ERROR)
    package static let unknown = Self(RD_KAFKA_RESP_ERR_UNKNOWN)
    package static let offsetOutOfRange = Self(RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
    package static let unknownTopicOrPartition = Self(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    package static let leaderNotAvailable = Self(RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE)
    package static let notLeader = Self(RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION)
    package static let requestTimedOut = Self(RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT)
    package static let messageSizeTooLarge = Self(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
    package static let invalidTimestamp = Self(RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP)
    package static let offsetMetadataTooLarge = Self(RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE)
    package static let networkException = Self(RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION)
    package static let coordinatorLoading = Self(RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS)
    package static let coordinatorNotAvailable = Self(RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE)
    package static let notCoordinator = Self(RD_KAFKA_RESP_ERR_NOT_COORDINATOR)
    package static let notEnoughReplicas = Self(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS)
    package static let notEnoughReplicasAfterAppend = Self(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND)
    package static let illegalGeneration = Self(RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION)
    package static let unknownMember = Self(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID)
    package static let rebalanceInProgress = Self(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS)
    package static let invalidTransactionState = Self(RD_KAFKA_RESP_ERR_INVALID_TXN_STATE)
    package static let topicAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED)
    package static let groupAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED)
    package static let clusterAuthorizationFailed = Self(RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED)
    package static let topicAlreadyExists = Self(RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
    package static let fencedInstance = Self(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)

    /// Codes for which librdkafka gives no flag of its own but trying again is the answer.
    static let retriable: Set<Self> = [
        .timedOut, .timedOutInQueue, .messageTimedOut, .transport, .allBrokersDown, .resolve, .queueFull,
        .waitingForCoordinator, .waitingForMetadata, .leaderNotAvailable, .notLeader, .requestTimedOut,
        .networkException, .coordinatorLoading, .coordinatorNotAvailable, .notCoordinator, .notEnoughReplicas,
        .notEnoughReplicasAfterAppend, .rebalanceInProgress,
    ]
}
