/** The sidebar: groups of pages, each with its title there. `npm run docs` fails if a page of docs/ is missing. */
export const groups: readonly { text: string; pages: readonly (readonly [title: string, link: string])[] }[] = [
  {
    text: 'Getting started',
    pages: [
      ['Your first pool', '/'],
      ['Calling methods', '/calling'],
      ['Inline functions', '/inline-functions'],
      ['Lists: flame.map', '/inline-functions/map'],
      ['The compile step', '/compile-step'],
      ['Options', '/options'],
      ['Pools of feature modules', '/options/feature-modules'],
      ['Errors and their fixes', '/errors'],
      ['Answers to clients', '/errors/answers'],
      ['Testing', '/testing'],
      ['Debugging', '/debugging'],
    ],
  },
  {
    text: 'Arguments and results',
    pages: [
      ['Values that can be copied', '/values'],
      ['Streams, signals, progress', '/streams'],
      ['Children: objects on runners', '/children'],
      ['Resources: results on runners', '/resources'],
      ['Context, guards, request', '/context'],
    ],
  },
  {
    text: 'Runners',
    pages: [
      ['What runs in a runner', '/runners'],
      ['What does not come back', '/what-stays'],
      ['Cluster, PM2, containers', '/processes'],
      ['Faster cold starts', '/cold-start'],
    ],
  },
  {
    text: 'Backends',
    pages: [
      ['Choosing a backend', '/choosing'],
      ['All backends', '/backends/'],
      ['Docker', '/backends/docker'],
      ['SSH', '/backends/ssh'],
      ['Fly', '/backends/fly'],
      ['Kubernetes', '/backends/kubernetes'],
      ['Without an image: shipCode', '/backends/shipped-code'],
    ],
  },
  {
    text: 'Several regions',
    pages: [
      ['Calls to another region', '/regions'],
      ['Discovery, authentication', '/regions/instances'],
      ['Changing a method', '/regions/deploys'],
      ['Read your writes', '/read-your-writes'],
      ['Options', '/regions/options'],
    ],
  },
  {
    text: 'Recipes',
    pages: [
      ['All recipes', '/recipes/'],
      ['BullMQ jobs', '/recipes/bullmq'],
      ['Cron jobs', '/recipes/schedule'],
      ['WebSockets', '/recipes/websockets'],
      ['File uploads', '/recipes/uploads'],
      ['Thumbnails with sharp', '/recipes/images'],
      ['PDFs with Chromium', '/recipes/pdfs'],
      ['Python, ffmpeg, programs', '/recipes/child-processes'],
      ['Tenants with nestjs-cls', '/recipes/tenants'],
      ['TypeORM', '/recipes/typeorm'],
      ['Prisma', '/recipes/prisma'],
      ['GraphQL', '/recipes/graphql'],
      ['CQRS', '/recipes/cqrs'],
    ],
  },
  {
    text: 'In production',
    pages: [
      ['Deploys', '/deploys'],
      ['Dashboard', '/dashboard'],
      ['Observability, metrics', '/observability'],
      ['Health checks', '/observability/health'],
      ['Logs and events', '/observability/logs'],
      ['Traces: OpenTelemetry', '/tracing'],
      ['Doctor: check the setup', '/doctor'],
      ['Promises and their tests', '/promises'],
    ],
  },
  {
    text: 'Security',
    pages: [
      ['Ports, what to do', '/security'],
      ['Access and encryption', '/security/access'],
      ['Unauthenticated clients', '/security/unauthenticated-clients'],
      ['Compromised processes', '/security/compromised-processes'],
      ['Secrets and contexts', '/security/secrets'],
    ],
  },
  {
    text: 'Measurements',
    pages: [
      ['Performance', '/measurements/performance'],
      ['Reliability', '/measurements/reliability'],
      ['Cost of observability', '/measurements/observability'],
    ],
  },
  {
    text: 'The project',
    pages: [
      ['Architecture', '/project/architecture'],
      ['Contributing', '/project/contributing'],
      ['Reporting a vulnerability', '/project/security'],
      ['Changelog', '/project/changelog'],
    ],
  },
];
