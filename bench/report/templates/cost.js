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
};
