/** The parts of the product that the top bar leads to, and the paths that belong to each. */
export const SECTIONS = [
  { to: "/", label: "Home", owns: /^\/$/ },
  { to: "/dashboards", label: "Dashboards", owns: /^\/(dashboards|d)(\/|$)/ },
  { to: "/sql", label: "SQL", owns: /^\/sql(\/|$)/ },
  { to: "/data", label: "Data", owns: /^\/data(\/|$)/ },
  { to: "/costs", label: "Costs", owns: /^\/costs(\/|$)/ },
] as const;
