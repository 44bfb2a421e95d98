/// A person in full form, at `order.customer`, `order.referrer` and `publication.customer`. The short form of an
/// order, `{id, object}`, leaves everything else nil.
package struct Customer: Sendable, Equatable {
    package var id: String?
    /// The merchant's own id.
    package var sourceID: String?
    package var name: String?
    package var description: String?
    package var email: String?
    package var phone: String?
    /// A calendar date.
    package var birthdate: String?
    /// The older name of `birthdate`.
    package var birthday: String?
    package var address: Address?
    /// Free-form attributes of the merchant.
    package var metadata: [String: JSONValue]?
    /// Attributes of the vendor.
    package var systemMetadata: [String: JSONValue]?
    /// Lifetime figures; null in most webhooks, like the two below.
    package var summary: CustomerSummary?
    package var loyalty: CustomerLoyalty?
    package var referrals: CustomerReferrals?
    package var createdAt: String?
    package var updatedAt: String?
    package var assets: CustomerAssets?
    package var object: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "id": id = value.text
            case "source_id": sourceID = value.text
            case "name": name = value.text
            case "description": description = value.text
            case "email": email = value.text
            case "phone": phone = value.text
            case "birthdate": birthdate = value.text
            case "birthday": birthday = value.text
            case "address": address = value.object.map(Address.init)
            case "metadata": metadata = value.map { $0.value() }
            case "system_metadata": systemMetadata = value.map { $0.value() }
            case "summary": summary = value.object.map(CustomerSummary.init)
            case "loyalty": loyalty = value.object.map(CustomerLoyalty.init)
            case "referrals": referrals = value.object.map(CustomerReferrals.init)
            case "created_at": createdAt = value.text
            case "updated_at": updatedAt = value.text
            case "assets": assets = value.object.map(CustomerAssets.init)
            case "object": object = value.text
            default: break
            }
        }
    }
}

/// A postal address.
package struct Address: Sendable, Equatable {
    package var city: String?
    package var state: String?
    package var line1: String?
    package var line2: String?
    package var country: String?
    package var postalCode: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "city": city = value.text
            case "state": state = value.text
            case "line_1": line1 = value.text
            case "line_2": line2 = value.text
            case "country": country = value.text
            case "postal_code": postalCode = value.text
            default: break
            }
        }
    }
}

/// Links of a customer.
package struct CustomerAssets: Sendable, Equatable {
    package var cockpitURL: String?

    init(_ json: JSONObject) {
        for (key, value) in json {
            switch key {
            case "cockpit_url": cockpitURL = value.text
            default: break
            }
        }
    }
}
