"use strict";
// The formulas of dlbench.bench.cost, in JavaScript: numbers, units and checks alike. A test holds them against Python.
const cost = {
  check(values) {
    for (const value of values) {
      if (!(Number.isFinite(value) && value >= 0)) throw new RangeError("expected a number of at least 0");
    }
  },
  checkPositive(values) {
    cost.check(values);
    if (values.some((value) => value === 0)) throw new RangeError("expected a number above 0");
  },
  // PUE e W / 1000
  electricityUsdPerHour(powerW, usdPerKwh, pue) {
    cost.check([powerW, usdPerKwh, pue]);
    return (pue * usdPerKwh * powerW) / 1000;
  },
  // formula 1: P0 (1 - S) / (365 a Y) + PUE e W / 1000
  ownUsdPerActiveHour(priceUsd, years, activeHoursPerDay, powerW, usdPerKwh, residualShare, pue) {
    cost.check([priceUsd, residualShare]);
    cost.checkPositive([years, activeHoursPerDay]);
    if (residualShare > 1 || activeHoursPerDay > 24) throw new RangeError("expected a share and a day");
    const activeHours = 365 * activeHoursPerDay * years;
    return (priceUsd * (1 - residualShare)) / activeHours + cost.electricityUsdPerHour(powerW, usdPerKwh, pue);
  },
  // formula 2: c (1 + o)
  cloudUsdPerUsefulHour(hourlyUsd, overheadShare) {
    cost.check([hourlyUsd, overheadShare]);
    return hourlyUsd * (1 + overheadShare);
  },
  // formula 3: 1e6 / (3600 T u) x USD per hour
  usdPerMillion(usdPerHour, throughputPerS, busyShare) {
    cost.check([usdPerHour]);
    cost.checkPositive([throughputPerS, busyShare]);
    if (busyShare > 1) throw new RangeError("expected a share");
    return (1e6 / (3600 * throughputPerS * busyShare)) * usdPerHour;
  },
  // formula 10: 365 N / 1e6 x (c - c')
  savedPerYear(answersPerDay, perMillion, otherPerMillion) {
    cost.check([answersPerDay, perMillion, otherPerMillion]);
    return ((365 * answersPerDay) / 1e6) * (perMillion - otherPerMillion);
  },
  // formula 11: N L / (3600 h)
  busyDevices(answersPerDay, secondsEach, hoursPerDay) {
    cost.check([answersPerDay, secondsEach]);
    cost.checkPositive([hoursPerDay]);
    return (answersPerDay * secondsEach) / (3600 * hoursPerDay);
  },
  // formula 12: max(1, ceil(u / (U k)))
  devicesNeeded(busy, mostBusy, devicesEach) {
    cost.check([busy]);
    cost.checkPositive([mostBusy, devicesEach]);
    return Math.max(1, Math.ceil(busy / (mostBusy * devicesEach) - 1e-9));
  },
  // formula 13: n P0 (1 - S) / (12 Y) + 30.4 h PUE e W / 1000 (u + i (n - u))
  ownUsdPerMonth(priceUsd, years, residualShare, powerW, usdPerKwh, pue, hoursPerDay, busy, machines, idleShare) {
    cost.check([priceUsd, residualShare, busy, idleShare]);
    cost.checkPositive([years]);
    const atWork = Math.min(busy, machines);
    const load = atWork + idleShare * (machines - atWork);
    const hourly = cost.electricityUsdPerHour(powerW, usdPerKwh, pue);
    return (machines * priceUsd * (1 - residualShare)) / (12 * years) + 30.4 * hoursPerDay * hourly * load;
  },
  // formula 14: n 30.4 h c (1 + o), o where it is off for a part of the day
  rentUsdPerMonth(hourlyUsd, hoursPerDay, machines, overheadShare) {
    cost.check([hourlyUsd, hoursPerDay]);
    return machines * 30.4 * hoursPerDay * cost.cloudUsdPerUsefulHour(hourlyUsd, hoursPerDay < 24 ? overheadShare : 0);
  },
};
