import { type QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, lazyRouteComponent, Outlet, redirect } from "@tanstack/react-router";
import { me } from "@/api/queries";
import { Shell } from "./shell/shell";
import { NotFoundPage } from "./shell/not-found-page";
import { RouteErrorPage } from "./shell/route-error-page";

/** Every page of the product on one page. Each arrives in a chunk of its own, which the server names to the browser. */
const page = <T extends Record<string, unknown>>(
  chunk: string,
  load: () => Promise<T>,
  component: keyof T & string,
) => ({
  component: lazyRouteComponent(load, component),
  staticData: { chunk },
});

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    chunk?: string;
  }
}

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Outlet,
  notFoundComponent: NotFoundPage,
  errorComponent: RouteErrorPage,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/signin",
  ...page("auth/sign-in-page", () => import("@/features/auth/sign-in-page"), "SignInPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  ...page("auth/setup-page", () => import("@/features/auth/setup-page"), "SetupPage"),
});

/** Pages for people who are signed in, under the top bar. */
const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Shell,
  notFoundComponent: NotFoundPage,
  beforeLoad: ({ context, location }) => {
    if (context.queryClient.getQueryData(me().queryKey)) return;
    throw redirect({ to: "/signin", search: { next: location.href } });
  },
});

const home = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  ...page("home/home-page", () => import("@/features/home/home-page"), "HomePage"),
});

const dashboards = createRoute({
  getParentRoute: () => signedIn,
  path: "/dashboards",
  ...page("home/dashboards-page", () => import("@/features/home/dashboards-page"), "DashboardsPage"),
});

const dashboard = createRoute({
  getParentRoute: () => signedIn,
  path: "/d/$slug",
  ...page("dashboards/dashboard-page", () => import("@/features/dashboards/dashboard-page"), "DashboardPage"),
});

const sqlPage = page("sql/sql-page", () => import("@/features/sql/sql-page"), "SqlPage");
const sql = createRoute({ getParentRoute: () => signedIn, path: "/sql", ...sqlPage });
const sqlSaved = createRoute({ getParentRoute: () => signedIn, path: "/sql/$id", ...sqlPage });

const catalogPage = page("catalog/catalog-page", () => import("@/features/catalog/catalog-page"), "CatalogPage");
const data = createRoute({ getParentRoute: () => signedIn, path: "/data", ...catalogPage });
const dataTable = createRoute({
  getParentRoute: () => signedIn,
  path: "/data/$catalog/$database/$table",
  ...catalogPage,
});

const costs = createRoute({
  getParentRoute: () => signedIn,
  path: "/costs",
  ...page("costs/costs-page", () => import("@/features/costs/costs-page"), "CostsPage"),
});

const settings = createRoute({
  getParentRoute: () => signedIn,
  path: "/settings",
  ...page("settings/settings-page", () => import("@/features/settings/settings-page"), "SettingsPage"),
});

const adminConnections = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/connections",
  ...page("connections/connections-page", () => import("@/features/connections/connections-page"), "ConnectionsPage"),
});

const adminPeople = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/people",
  ...page("people/people-page", () => import("@/features/people/people-page"), "PeoplePage"),
});

const adminGroups = createRoute({
  getParentRoute: () => signedIn,
  path: "/admin/groups",
  ...page("groups/groups-page", () => import("@/features/groups/groups-page"), "GroupsPage"),
});

export const routeTree = root.addChildren([
  signIn,
  setup,
  signedIn.addChildren([
    home,
    dashboards,
    dashboard,
    sql,
    sqlSaved,
    data,
    dataTable,
    costs,
    settings,
    adminConnections,
    adminPeople,
    adminGroups,
  ]),
]);

const publicRoot = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Outlet,
  errorComponent: RouteErrorPage,
});

/** All there is for people who read a public dashboard; every other address is a new page. */
export const publicTree = publicRoot.addChildren([
  createRoute({
    getParentRoute: () => publicRoot,
    path: "/d/$slug",
    ...page("dashboards/public-page", () => import("@/features/dashboards/public-page"), "PublicPage"),
  }),
]);
