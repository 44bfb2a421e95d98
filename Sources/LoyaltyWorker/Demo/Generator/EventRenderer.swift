/// Writes events as the vendor sends them. The same delivery always gives the same bytes.
struct EventRenderer: Sendable {
    private var canvas = EventCanvas()

    /// The bytes of a delivery, broken as `defect` says where the defect lies inside the event.
    mutating func render(_ delivery: Delivery, defect: Defect? = nil) -> [UInt8] {
        canvas.clear()
        let accrual = delivery.accrual
        let purchase = Purchase(seed: accrual.trigger)
        describe(delivery, purchase: purchase)
        if defect == .invalidUTF8 {
            canvas.set(.customerName, Self.notUTF8)
        }
        // Without its name in an envelope, an event is told by its earning rule alone.
        let form = defect == .nameless ? .bare : delivery.form
        if form != .bare {
            canvas.set(.label, form == .webhook ? Self.eventName : Self.label(delivery.sending))
            canvas.append(EnvelopeTexts.head)
        }
        appendData(delivery, purchase: purchase, defect: defect)
        if form != .bare {
            canvas.append(form == .webhook ? EnvelopeTexts.webhookTail : EnvelopeTexts.distributionTail)
            canvas.set(.eventType, Self.eventName)
            canvas.append(EnvelopeTexts.event)
        }
        return canvas.bytes
    }

    /// An envelope around another event of the same project.
    mutating func renderOther(type: [UInt8], customer: Customer, sending: UInt64, moment: Int64) -> [UInt8] {
        canvas.clear()
        customer.describe(on: &canvas)
        canvas.set(.pointsBefore, 0)
        canvas.set(.balanceBefore, 0)
        canvas.set(.paidAt) { Moment.append(milliseconds: moment, to: &$0) }
        describeEnvelope(sending, moment: moment)
        let isWebhook = sending & 1 == 0
        canvas.set(.label, isWebhook ? type : Self.label(sending))
        canvas.set(.eventType, type)
        canvas.append(EnvelopeTexts.head)
        canvas.append(EnvelopeTexts.open)
        canvas.append(EventTexts.customer)
        canvas.append(EventTexts.cardAndCampaign)
        canvas.append(EnvelopeTexts.close)
        canvas.append(isWebhook ? EnvelopeTexts.webhookTail : EnvelopeTexts.distributionTail)
        canvas.append(EnvelopeTexts.event)
        return canvas.bytes
    }

    private mutating func describe(_ delivery: Delivery, purchase: Purchase) {
        let accrual = delivery.accrual
        let moment = Moment.start + Int64(truncatingIfNeeded: accrual.number) * 250
        accrual.customer.describe(on: &canvas)
        canvas.set(.points, accrual.points)
        canvas.set(.balance, accrual.balance)
        canvas.set(.total, accrual.total)
        canvas.set(.pointsBefore, accrual.total - accrual.points)
        canvas.set(.balanceBefore, accrual.balance - accrual.points)
        canvas.set(.lifetimeValue, purchase.lifetimeValue)
        canvas.set(.visits, purchase.visits)
        canvas.set(.orderedAt) { Moment.append(milliseconds: moment, to: &$0) }
        canvas.set(.paidAt) { Moment.append(milliseconds: moment + 57, to: &$0) }
        canvas.set(.triggerID, .event, of: accrual.trigger)
        canvas.set(.triggerGroup, .group, of: accrual.trigger)
        if let publication = delivery.publication {
            canvas.set(.publicationID, .publication, of: publication.seed)
            canvas.set(.discountVoucherID, .discountVoucher, of: publication.seed)
            canvas.set(.discountCode) { bytes in
                bytes.append(contentsOf: Self.discountHead)
                bytes.append(contentsOf: String(publication.seed, radix: 36).utf8)
            }
            canvas.set(.publishedAt) { Moment.append(milliseconds: moment + 900, to: &$0) }
        } else {
            canvas.set(.publicationID, .publication, of: accrual.trigger)
        }
        describeEnvelope(delivery.sending, moment: moment + 1200)
    }

    private mutating func describeEnvelope(_ sending: UInt64, moment: Int64) {
        canvas.set(.sendingID, .sending, of: sending)
        canvas.set(.sendingEventID, .event, of: sending)
        canvas.set(.sendingGroup, .group, of: sending)
        canvas.set(.sentAt) { Moment.append(milliseconds: moment, to: &$0) }
    }

    private mutating func appendData(_ delivery: Delivery, purchase: Purchase, defect: Defect?) {
        let rule = delivery.accrual.rule
        canvas.append(EnvelopeTexts.open)
        let customer = rule == .customerMetadata ? EventTexts.customerWithLifetimeValue : EventTexts.customer
        canvas.append(defect?.customer ?? customer)
        if rule != .tierJoined { canvas.append(EventTexts.holder) }
        canvas.append(EventTexts.cardAndCampaign)
        switch rule {
        case .orderAmount: canvas.append(EventTexts.tierWithMappings)
        case .tierJoined: canvas.append(EventTexts.plainTier)
        default: canvas.append(EventTexts.noTier)
        }
        canvas.append(defect?.rule ?? rule.fragment)
        canvas.append(defect?.balance ?? EventTexts.balance)
        if rule.hasOrder {
            appendOrder(delivery, purchase: purchase)
        } else {
            canvas.append(EventTexts.noOrder)
        }
        canvas.set(.eventType, rule.triggerType)
        canvas.append(EventTexts.trigger)
        if let broken = defect?.publication {
            canvas.append(broken)
        } else if let publication = delivery.publication {
            canvas.append(publication.kind == .card ? EventTexts.publishedCard : EventTexts.publishedDiscount)
        } else if delivery.form == .distribution {
            canvas.append(EventTexts.publicationNull)
        }
        canvas.append(EnvelopeTexts.close)
    }

    private mutating func appendOrder(_ delivery: Delivery, purchase: Purchase) {
        canvas.set(.orderID, .order, of: delivery.accrual.trigger)
        canvas.set(.status, delivery.accrual.rule == .orderTotalPending ? Self.fulfilled : Self.paid)
        canvas.set(.amount, purchase.amount)
        canvas.set(.discount, purchase.discount)
        canvas.set(.payable, purchase.payable)
        canvas.append(EventTexts.orderHead)
        for item in purchase.items {
            canvas.set(.productID, item.product.id)
            canvas.set(.productSource, item.product.source)
            canvas.set(.productName, item.product.name)
            canvas.set(.quantity, item.quantity)
            canvas.set(.price, item.product.price)
            canvas.set(.itemAmount, item.amount)
            canvas.set(.itemSubtotal, purchase.discount > 0 ? item.amount - item.amount / 10 : item.amount)
            canvas.append(EventTexts.orderItem)
        }
        canvas.append(EventTexts.orderTail)
        if purchase.discount > 0 {
            canvas.set(.redemptionID, .redemption, of: delivery.accrual.trigger)
            canvas.append(EventTexts.orderRedemption)
        }
        canvas.append(EventTexts.orderEnd)
    }

    private static func label(_ sending: UInt64) -> [UInt8] {
        // The merchant's free text, which may be empty.
        sending & 2 == 0 ? freeLabel : []
    }

    private static let eventName = Array("customer.rewarded.loyalty_points".utf8)
    private static let freeLabel = Array("Points gained - welcome mail".utf8)
    private static let paid = Array("PAID".utf8)
    private static let fulfilled = Array("FULFILLED".utf8)
    private static let discountHead = Array("SPRING-2025-".utf8)
    private static let notUTF8: [UInt8] = Array("Jack ".utf8) + [0xc3, 0x28, 0xff]
}
