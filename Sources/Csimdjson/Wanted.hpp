#ifndef WANTED_HPP
#define WANTED_HPP

#include "Csimdjson.h"

#include <cstring>
#include <utility>

/// The objects of which the core wants members. `level` is the top level and every `data` inside it.
enum class part : uint8_t {
    none,
    level,
    source,
    customer,
    voucher,
    campaign,
    rule,
    rule_loyalty,
    balance,
    balance_related,
    order,
    event,
    publication,
};

struct wanted {
    const char *name;
    uint8_t length;
    uint8_t member;
    /// What is wanted of its value if that is an object.
    part inside;
};

template <size_t N>
constexpr wanted want(const char (&name)[N], sj_member member, part inside = part::none) {
    return {name, static_cast<uint8_t>(N - 1), static_cast<uint8_t>(member), inside};
}

constexpr wanted in_level[] = {
    want("customer", SJ_CUSTOMER, part::customer),
    want("voucher", SJ_VOUCHER, part::voucher),
    want("campaign", SJ_CAMPAIGN, part::campaign),
    want("earning_rule", SJ_RULE, part::rule),
    want("balance", SJ_BALANCE, part::balance),
    want("order", SJ_ORDER, part::order),
    want("event", SJ_EVENT, part::event),
    want("publication", SJ_PUBLICATION, part::publication),
    want("id", SJ_ID),
    want("type", SJ_TYPE),
    want("source", SJ_SOURCE, part::source),
    want("project_id", SJ_PROJECT_ID),
    want("data", SJ_DATA, part::level),
    want("data_base64", SJ_DATA_BASE64),
};
constexpr wanted in_source[] = {want("object", SJ_SOURCE_OBJECT)};
constexpr wanted in_customer[] = {
    want("id", SJ_CUSTOMER_ID),
    want("name", SJ_CUSTOMER_NAME),
    want("email", SJ_CUSTOMER_EMAIL),
    want("source_id", SJ_CUSTOMER_SOURCE_ID),
};
constexpr wanted in_voucher[] = {
    want("id", SJ_VOUCHER_ID),
    want("code", SJ_VOUCHER_CODE),
    want("campaign", SJ_VOUCHER_CAMPAIGN),
    want("campaign_id", SJ_VOUCHER_CAMPAIGN_ID),
};
constexpr wanted in_campaign[] = {want("id", SJ_CAMPAIGN_ID), want("name", SJ_CAMPAIGN_NAME)};
constexpr wanted in_rule[] = {want("id", SJ_RULE_ID), want("loyalty", SJ_RULE_LOYALTY, part::rule_loyalty)};
constexpr wanted in_rule_loyalty[] = {
    want("type", SJ_RULE_LOYALTY_TYPE),
    want("calculation_type", SJ_RULE_LOYALTY_CALCULATION_TYPE),
};
constexpr wanted in_balance[] = {
    want("total", SJ_BALANCE_TOTAL),
    want("points", SJ_BALANCE_POINTS),
    want("balance", SJ_BALANCE_BALANCE),
    want("related_object", SJ_BALANCE_RELATED, part::balance_related),
};
constexpr wanted in_balance_related[] = {want("id", SJ_BALANCE_RELATED_ID)};
constexpr wanted in_order[] = {want("id", SJ_ORDER_ID)};
constexpr wanted in_event[] = {
    want("id", SJ_EVENT_ID),
    want("type", SJ_EVENT_TYPE),
    want("created_at", SJ_EVENT_CREATED_AT),
};
constexpr wanted in_publication[] = {want("id", SJ_PUBLICATION_ID), want("channel", SJ_PUBLICATION_CHANNEL)};

/// The members of one object, with comparisons of fixed length that the compiler can turn into loads.
template <const auto &names>
class names_of {
    template <size_t... at>
    [[gnu::always_inline]] static const wanted *find(const uint8_t *key, size_t length, std::index_sequence<at...>) {
        const wanted *found = nullptr;
        (void)((length == names[at].length && std::memcmp(key, names[at].name, names[at].length) == 0
                && (found = &names[at], true))
               || ...);
        return found;
    }

    static constexpr uint64_t all_lengths() {
        uint64_t lengths = 0;
        for (const wanted &name : names) lengths |= uint64_t(1) << name.length;
        return lengths;
    }

  public:
    [[gnu::always_inline]] static const wanted *find(const uint8_t *key, size_t length) {
        // One bit per length (modulo 64) that is wanted: most keys are refused by it alone.
        constexpr uint64_t lengths = all_lengths();
        if (!((lengths >> (length % 64)) & 1)) return nullptr;
        return find(key, length, std::make_index_sequence<std::size(names)>());
    }

    /// Calls `body` with every member in which more is wanted.
    template <typename Body>
    static void for_each_object(Body body) {
        for (const wanted &name : names) {
            if (name.inside != part::none) body(name);
        }
    }
};

/// Calls `body` with the `names_of` of one object.
template <typename Body>
inline auto with_names(part object, Body body) {
    switch (object) {
    case part::source:
        return body(names_of<in_source>());
    case part::customer:
        return body(names_of<in_customer>());
    case part::voucher:
        return body(names_of<in_voucher>());
    case part::campaign:
        return body(names_of<in_campaign>());
    case part::rule:
        return body(names_of<in_rule>());
    case part::rule_loyalty:
        return body(names_of<in_rule_loyalty>());
    case part::balance:
        return body(names_of<in_balance>());
    case part::balance_related:
        return body(names_of<in_balance_related>());
    case part::order:
        return body(names_of<in_order>());
    case part::event:
        return body(names_of<in_event>());
    case part::publication:
        return body(names_of<in_publication>());
    default:
        return body(names_of<in_level>());
    }
}

inline void clear_level(sj_slot *slots) { std::memset(slots, 0, SJ_MEMBER_COUNT * sizeof(sj_slot)); }

#endif
