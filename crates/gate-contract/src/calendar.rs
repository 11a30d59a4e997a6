//! When approvals may start deployments: windows of the week, and freezes.
//!
//! Times are those of a clock on the wall of a place. A window is open while that clock shows a time within it, on the days
//! when clocks change, too: an hour that the clock passes twice counts twice, and one that it leaves out not at all.

use std::fmt;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How far ahead the next opening is looked for. A window that clocks leave out opens a week, or a year, later.
const MAX_DAYS: i32 = 400;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
#[serde(rename_all = "lowercase")]
pub enum Day {
    /// Monday.
    Mon,
    /// Tuesday.
    Tue,
    /// Wednesday.
    Wed,
    /// Thursday.
    Thu,
    /// Friday.
    Fri,
    /// Saturday.
    Sat,
    /// Sunday.
    Sun,
}

impl Day {
    fn of(date: Date) -> Self {
        match date.weekday() {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

/// A time of the day in minutes, `HH:MM`. `24:00` is the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClockTime(i16);

impl ClockTime {
    const END: Self = Self(24 * 60);

    fn parse(text: &str) -> Option<Self> {
        let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits(hour) || !is_digits(minute) {
            return None;
        }
        let (hour, minute): (i16, i16) = (hour.parse().ok()?, minute.parse().ok()?);
        let time = Self(hour * 60 + minute);
        (minute < 60 && time <= Self::END).then_some(time)
    }

    fn of(time: Time) -> Self {
        Self(i16::from(time.hour()) * 60 + i16::from(time.minute()))
    }

    /// The moment at which clocks show it on a day.
    fn on(self, date: Date) -> Option<DateTime> {
        let midnight = date.to_datetime(Time::midnight());
        midnight.checked_add(SignedDuration::from_mins(i64::from(self.0))).ok()
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Serialize for ClockTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClockTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is not a time of the day, such as 09:00")))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for ClockTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ClockTime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$",
            "x-expected": "a time of the day, such as \"09:00\"",
        })
    }
}

/// A place whose clocks count, by its name in the IANA time zone database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// As it is written.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn clock(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(at)
    }

    /// The moment at which clocks show a time; where they show it twice, the first. A time that they leave out is as
    /// much later.
    fn moment(&self, time: DateTime) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(time).compatible().ok()
    }

    /// A moment as clocks there show it.
    pub fn show(&self, at: Timestamp) -> String {
        format!("{} in {}", self.clock(at).strftime("%Y-%m-%d %H:%M"), self.name)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        // These are whatever a machine is set to.
        let is_of_machine = ["localtime", "posixrules", "Factory"].iter().any(|zone| name.eq_ignore_ascii_case(zone));
        match TimeZone::get(&name) {
            Ok(zone) if !is_of_machine => Ok(Self { name, zone }),
            _ => Err(de::Error::custom(format!(
                "there is no time zone `{name}`; write its name in the IANA database, such as America/New_York"
            ))),
        }
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Zone {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Zone".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$", "x-expected": "a time zone, such as America/New_York"})
    }
}

/// A part of the week in which approvals may start deployments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "AnyWindow")]
#[cfg_attr(feature = "schema", schemars(!try_from, deny_unknown_fields))]
pub struct Window {
    /// The days on which it begins. Default: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schemars(example = ["mon", "tue", "wed", "thu"]))]
    pub days: Vec<Day>,
    /// When it opens.
    #[cfg_attr(feature = "schema", schemars(example = &"09:00"))]
    pub from: ClockTime,
    /// The first minute at which it is closed; before `from` it is one of the next day. `24:00` is the end of the day.
    #[cfg_attr(feature = "schema", schemars(example = &"16:00"))]
    pub to: ClockTime,
    /// Whose clocks count.
    #[cfg_attr(feature = "schema", schemars(example = &"America/New_York"))]
    pub zone: Zone,
}

/// A window as it is written: one that is open at no time, or always by a slip, is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyWindow {
    days: Option<Vec<Day>>,
    from: ClockTime,
    to: ClockTime,
    zone: Zone,
}

impl TryFrom<AnyWindow> for Window {
    type Error = String;

    fn try_from(AnyWindow { days, from, to, zone }: AnyWindow) -> Result<Self, String> {
        if days.as_ref().is_some_and(Vec::is_empty) {
            return Err("`days` names no day; for all days, remove it".to_owned());
        }
        if from == to {
            return Err(format!("the window ends when it begins, at {from}; a whole day is from 00:00 to 24:00"));
        }
        Ok(Self { days: days.unwrap_or_default(), from, to, zone })
    }
}

impl Window {
    fn is_open(&self, at: Timestamp) -> bool {
        let clock = self.zone.clock(at);
        let (date, time) = (clock.date(), ClockTime::of(clock.time()));
        let begins_on = |date: Date| self.days.is_empty() || self.days.contains(&Day::of(date));
        if self.from < self.to {
            return begins_on(date) && self.from <= time && time < self.to;
        }
        begins_on(date) && self.from <= time || date.yesterday().is_ok_and(|before| begins_on(before) && time < self.to)
    }

    /// The moments of a day at which clocks show `from`.
    fn openings(&self, date: Date) -> impl Iterator<Item = Timestamp> {
        let shown = self.from.on(date).map(|time| self.zone.zone.to_ambiguous_timestamp(time));
        shown.into_iter().flat_map(|time| [time.compatible().ok(), time.later().ok()].into_iter().flatten())
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = self.days.iter().map(|day| format!("{day:?}")).collect::<Vec<_>>().join(", ");
        let days = if days.is_empty() { "every day".to_owned() } else { days };
        write!(f, "{days} {} to {} in {}", self.from, self.to, self.zone.name)
    }
}

/// A day, or a time on it, without a zone: `2026-12-24` or `2026-12-24T18:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime(DateTime);

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.time() == Time::midnight() {
            return serializer.collect_str(&self.0.date());
        }
        serializer.collect_str(&self.0.strftime("%Y-%m-%dT%H:%M"))
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || de::Error::custom(format!("`{text}` is not a day or a time, such as 2026-12-24 or 2026-12-24T18:00"));
        let (date, time) = text.split_once('T').unwrap_or((&text, "00:00"));
        let date: Date = date.parse().map_err(|_| wrong())?;
        let time = ClockTime::parse(time).and_then(|time| time.on(date));
        time.map(Self).ok_or_else(wrong)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for LocalTime {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LocalTime".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2})?$",
            "x-expected": "a day or a time, such as 2026-12-24 or 2026-12-24T18:00",
        })
    }
}

/// A time in which no approval starts a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Its first moment. A day begins at midnight.
    #[cfg_attr(feature = "schema", schemars(example = &"2026-12-24"))]
    pub from: LocalTime,
    /// The first moment after it: `2027-01-02` ends with the first of January.
    #[cfg_attr(feature = "schema", schemars(example = &"2027-01-02"))]
    pub to: LocalTime,
    /// Whose clocks count.
    #[cfg_attr(feature = "schema", schemars(example = &"America/New_York"))]
    pub zone: Zone,
    /// Why, for the people who wait.
    #[cfg_attr(feature = "schema", schemars(example = &"end of the year"))]
    pub why: String,
}

impl Freeze {
    /// Whether it begins before it ends.
    pub fn is_some_time(&self) -> bool {
        let (from, to) = self.moments();
        from < to
    }

    /// Its first moment, and the first after it. What is beyond all times that can be told is the first or the last of them.
    fn moments(&self) -> (Timestamp, Timestamp) {
        let (from, to) = (self.zone.moment(self.from.0), self.zone.moment(self.to.0));
        (from.unwrap_or(Timestamp::MIN), to.unwrap_or(Timestamp::MAX))
    }
}

impl fmt::Display for Freeze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |time: LocalTime| time.0.strftime("%Y-%m-%d %H:%M").to_string();
        write!(f, "from {} to {} in {}", shown(self.from), shown(self.to), self.zone.name)
    }
}

/// Until when approvals wait, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The first moment at which they count.
    pub until: Timestamp,
    /// The moment as people there read it, and the reason.
    pub why: String,
}

/// The windows and freezes of a gate.
#[derive(Clone, Copy, Debug)]
pub struct Calendar<'a> {
    /// Without any it is always open.
    pub windows: &'a [Window],
    /// A freeze goes before a window.
    pub freezes: &'a [Freeze],
}

impl Calendar<'_> {
    /// Until when it is closed from a moment on; `None` when it is open then.
    pub fn closed(&self, at: Timestamp) -> Option<Closed> {
        let mut until = at;
        let mut first_reason = None;
        let mut zone = None;
        // Each round leaves a freeze, or comes to an opening.
        while until < Timestamp::MAX {
            let Some((next, reason, clock)) = self.obstacle(until) else { break };
            first_reason.get_or_insert(reason);
            (until, zone) = (next, Some(clock));
        }
        let when = match zone? {
            _ if until == Timestamp::MAX => "it never opens again".to_owned(),
            zone => format!("until {}", zone.show(until)),
        };
        Some(Closed { until, why: format!("{}, {when}", first_reason?) })
    }

    /// What holds an approval at a moment: until when, why, and whose clock counts.
    fn obstacle(&self, at: Timestamp) -> Option<(Timestamp, String, &Zone)> {
        let frozen = self.freezes.iter().find_map(|freeze| {
            let (from, to) = freeze.moments();
            (from <= at && at < to).then(|| (to, format!("frozen ({})", freeze.why), &freeze.zone))
        });
        frozen.or_else(|| {
            let zone = &self.windows.first().filter(|_| !self.is_within(at))?.zone;
            Some((self.opening(at), "outside of the hours for deployments".to_owned(), zone))
        })
    }

    fn is_within(&self, at: Timestamp) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|window| window.is_open(at))
    }

    /// The next moment at which a window is open; the end of time where there is none.
    fn opening(&self, after: Timestamp) -> Timestamp {
        let openings = self.windows.iter().filter_map(|window| {
            let first = window.zone.clock(after).date();
            let days = (0..MAX_DAYS).filter_map(move |days| first.checked_add(days.days()).ok());
            // A clock that is put back can come into a window a second time, or leave it out.
            let change = || {
                let changes = window.zone.zone.following(after).take(4).map(|change| change.timestamp());
                changes.filter(|at| window.is_open(*at)).min()
            };
            let mut found =
                days.filter_map(|day| window.openings(day).filter(|at| *at > after && window.is_open(*at)).min());
            found.next().into_iter().chain(change()).min()
        });
        openings.min().unwrap_or(Timestamp::MAX)
    }
}
