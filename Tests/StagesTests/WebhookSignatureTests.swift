import Testing

@testable import Stages

struct WebhookSignatureTests {
    private let body = Array(#"{"test": 2432232314}"#.utf8)
    private let id = "msg_p5jXN8AQM9LWM0D4loKWxJek"

    @Test func `the example of the specification gives its signature`() throws {
        let secrets = try WebhookSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        #expect(
            secrets.signature(id: id, timestamp: 1_614_265_330, body: body)
                == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        )
    }

    @Test(arguments: [",", " ", ", ", "\n"])
    func `during a rotation each secret signs`(separator: String) throws {
        let other = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
        let secrets = try WebhookSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" + separator + other)
        let signatures = secrets.signature(id: id, timestamp: 1_614_265_330, body: body).split(separator: " ")
        #expect(signatures.count == 2)
        #expect(signatures.first == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
        #expect(Set(signatures).count == 2)
    }
}
